import { SECOND } from '../src/duration.ts'
import { matrixOf, oneProcessOf, roundRobinOf } from './matrix.ts'

/** `npm run bench:matrix`: many processes of this action and one rate limit, in virtual time. Prints Markdown. */

console.log(
  'Processes that share a rate limit of 200 requests in 5 minutes; jobs of 5 to 20 minutes with linear progress:\n',
)
console.log(
  '| concurrent waits | false failures | requests | 429 | 429 after 10 min | lag, mean | lag, p95 | round robin, mean | round robin, p95 | × |',
)
console.log('| --: | --: | --: | --: | --: | --: | --: | --: | --: | --: |')
for (const waits of [1, 16, 64, 256, 1_000]) {
  const bound = roundRobinOf(waits)
  const { falseFailures, requests, throttled, throttledLater, lag, p95 } = await matrixOf(waits)
  const cells = [
    waits,
    falseFailures,
    requests.toFixed(0),
    percent(throttled),
    percent(throttledLater),
    seconds(lag),
    seconds(p95),
    seconds(bound.lag),
    seconds(bound.p95),
    (lag / bound.lag).toFixed(2),
  ]
  console.log(`| ${cells.join(' | ')} |`)
}

console.log(
  '\nOne process that waits for several jobs at the same rate limit, with and without the job list:\n',
)
console.log(
  '| jobs | list | false failures | requests | most in 5 min | 429 | lag, mean | lag, p95 | round robin, mean | × |',
)
console.log('| --: | :-- | --: | --: | --: | --: | --: | --: | --: | --: |')
for (const jobs of [1, 16, 100, 500]) {
  for (const hasList of [true, false]) {
    const { falseFailures, requests, mostInFiveMinutes, throttled, lag, p95 } = await oneProcessOf(
      jobs,
      hasList,
    )
    const bound = roundRobinOf(jobs)
    const cells = [
      jobs,
      hasList ? 'yes' : 'no',
      falseFailures,
      requests,
      mostInFiveMinutes,
      percent(throttled),
      seconds(lag),
      seconds(p95),
      seconds(bound.lag),
      (lag / bound.lag).toFixed(2),
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
