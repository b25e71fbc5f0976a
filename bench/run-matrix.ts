import { SECOND } from '../src/duration.ts'
import { budgetsBest, matrixOf, oneProcessOf } from './matrix.ts'

/** `npm run bench:matrix`: many processes of this action and one budget, in virtual time. Prints Markdown. */

console.log('Budget of 200 requests in 5 minutes for all; jobs of 5 to 20 minutes with linear progress:\n')
console.log(
  '| waiters | false failures | requests | 429 | 429 after 10 min | lag, mean | p95 | budget’s best | p95 | × |',
)
console.log('| --: | --: | --: | --: | --: | --: | --: | --: | --: | --: |')
for (const waiters of [1, 16, 64, 256, 1_000]) {
  const best = budgetsBest(waiters)
  const { falseFailures, requests, refused, refusedLater, lag, p95 } = await matrixOf(waiters)
  const cells = [
    waiters,
    falseFailures,
    requests.toFixed(0),
    percent(refused),
    percent(refusedLater),
    seconds(lag),
    seconds(p95),
    seconds(best.lag),
    seconds(best.p95),
    (lag / best.lag).toFixed(2),
  ]
  console.log(`| ${cells.join(' | ')} |`)
}

console.log('\nOne process that waits for as many jobs, at the same budget, with the list and without:\n')
console.log(
  '| jobs | list | false failures | requests | most in 5 min | 429 | lag, mean | p95 | budget’s best | × |',
)
console.log('| --: | :-- | --: | --: | --: | --: | --: | --: | --: | --: |')
for (const jobs of [1, 16, 100, 500]) {
  for (const hasList of [true, false]) {
    const { falseFailures, requests, mostInFiveMinutes, refused, lag, p95 } = await oneProcessOf(
      jobs,
      hasList,
    )
    const best = budgetsBest(jobs)
    const cells = [
      jobs,
      hasList ? 'yes' : 'no',
      falseFailures,
      requests,
      mostInFiveMinutes,
      percent(refused),
      seconds(lag),
      seconds(p95),
      seconds(best.lag),
      (lag / best.lag).toFixed(2),
    ]
    console.log(`| ${cells.join(' | ')} |`)
  }
}

function seconds(ms: number): string {
  return `${(ms / SECOND).toFixed(1)} s`
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`
}
