import { SECOND } from '../src/duration.ts'
import { CLIENTS, OURS, TERRAFORM } from './clients.ts'
import { scoreOf, type Score } from './compare.ts'
import { plotOf } from './plot.ts'
import { BAD_CURVES, CURVES } from './workload.ts'

/** `npm run bench`: our poll intervals and those of other clients, for the same 400 jobs in virtual time. Prints Markdown. */

const [anyCurve = ''] = Object.keys(CURVES)
const base = await scoreOf(TERRAFORM, anyCurve)

console.log(
  `This action, by how the job reports its progress; × is relative to ${TERRAFORM} (10 s, then every 10 s):\n`,
)
head('progress')
for (const curve of [...Object.keys(CURVES), ...Object.keys(BAD_CURVES)])
  row(curve, await scoreOf(OURS, curve))

console.log('\nOther clients, for the same jobs; none of them reads progress:\n')
head('client')
for (const client of Object.keys(CLIENTS)) if (client !== OURS) row(client, await scoreOf(client, anyCurve))

console.log('\nOur intervals during a job of ten minutes:\n')
for (const curve of ['linear', 'steps of 25', 'stuck at 99%', 'none']) console.log(`${await plotOf(curve)}\n`)

function head(first: string): void {
  console.log(`| ${first} | requests | × | lag, mean | × | lag, p95 | longest |`)
  console.log('| --- | --: | --: | --: | --: | --: | --: |')
}

function row(name: string, { requests, lag, p95, longest }: Score): void {
  const cells = [
    name,
    requests.toFixed(1),
    (requests / base.requests).toFixed(2),
    seconds(lag),
    (lag / base.lag).toFixed(2),
    seconds(p95),
    seconds(longest),
  ]
  console.log(`| ${cells.join(' | ')} |`)
}

function seconds(ms: number): string {
  return `${(ms / SECOND).toFixed(1)} s`
}
