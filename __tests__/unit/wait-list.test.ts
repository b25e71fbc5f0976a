import { describe, expect, test } from '@jest/globals'
import type { JobResponse, ListResponse } from '../../src/response.ts'
import {
  forbidden,
  jobResponse,
  listResponse,
  notFoundYet,
  transient,
  unauthorized,
  unusable,
} from './responses.ts'
import { completesAfter, HOUR, MINUTE, SECOND, START, waitFor, type ListRequest } from './virtual-wait.ts'

/** Jobs with these durations, as the jobs API and the job list report them; created one second apart, before the wait. */
function environment(minutes: readonly number[]) {
  const jobs = minutes.map((_, index) => `job-${index}`)
  const statusAt = (index: number, at: number) => {
    const share = minutes[index] === 0 ? 1 : at / ((minutes[index] ?? 0) * MINUTE)
    return share >= 1
      ? { status: 'Completed' }
      : { status: 'Running', process: `${Math.floor(100 * share)}%` }
  }
  const created = (index: number) => START - (minutes.length - index) * SECOND
  return {
    jobs,
    service: ({ id, at }: { id: string; at: number }): JobResponse => {
      const { status, ...fields } = statusAt(jobs.indexOf(id), at)
      return jobResponse(status, fields)
    },
    /** Newest first, at most 50 jobs of a window. */
    list: ({ at, since, until }: ListRequest, limit = 50): ListResponse => {
      const all = jobs
        .map((id, index) => ({ id, created: created(index), ...statusAt(index, at) }))
        .filter((job) => job.created >= since && job.created <= until)
        .reverse()
      return listResponse(all.slice(0, limit), all.length <= limit)
    },
  }
}

const twenty = Array.from({ length: 20 }, (_, index) => 3 + index / 2)

const countRequests = (requests: readonly { readonly id: string }[], id: string) =>
  requests.filter((request) => request.id === id).length

const distinctResults = (results: readonly { readonly outcome: { readonly result: string } }[]) => [
  ...new Set(results.map(({ outcome }) => outcome.result)),
]

describe('the job list', () => {
  test('is not read for fewer than four jobs', async () => {
    const { listRequests, results } = await waitFor(environment([3, 4, 5]))
    expect(listRequests).toEqual([])
    expect(distinctResults(results)).toEqual(['completed'])
  })

  test('reports on many jobs at once, and each job is polled only once, when it has finished', async () => {
    const { jobs, ...services } = environment(twenty)
    const { requests, listRequests, results } = await waitFor({ jobs, ...services })
    expect(distinctResults(results)).toEqual(['completed'])
    expect(jobs.map((id) => countRequests(requests, id))).toEqual(jobs.map(() => 1))
    expect(listRequests.length).toBeLessThan(150)
    const lags = requests.map(({ id, at }) => at - (twenty[jobs.indexOf(id)] ?? 0) * MINUTE)
    expect(Math.max(...lags)).toBeLessThan(6 * SECOND)
  })

  test('is confirmed immediately if its first response reports all jobs as finished', async () => {
    const { jobs, ...services } = environment([0, 0, 0, 0])
    const { endedAt, listRequests, requests } = await waitFor({ jobs, ...services })
    expect([listRequests.length, requests.length]).toEqual([1, 4])
    expect(endedAt).toBeLessThan(SECOND)
  })

  test.each(['Completed', 'Failed', 'Canceled'])(
    'never ends a wait by reporting %s, without the response about the job',
    async (status) => {
      const { jobs, service } = environment([10, 10, 10, 10])
      const list = () => listResponse(jobs.map((id) => ({ id, status })))
      const { results, endedAt } = await waitFor({ jobs, service, list })
      expect(distinctResults(results)).toEqual(['completed'])
      expect(endedAt).toBeGreaterThanOrEqual(10 * MINUTE)
      expect(endedAt).toBeLessThan(10 * MINUTE + 30 * SECOND)
    },
  )

  test('is no longer used for a job that it wrongly reports as finished', async () => {
    const { jobs, service } = environment([10, 10, 10, 10])
    const flickers = ({ at }: ListRequest) =>
      listResponse(
        jobs.map((id) => ({ id, status: Math.floor(at / SECOND) % 2 === 0 ? 'Completed' : 'Running' })),
      )
    const { requests, results } = await waitFor({ jobs, service, list: flickers })
    expect(distinctResults(results)).toEqual(['completed'])
    for (const id of jobs) expect(countRequests(requests, id)).toBeLessThan(50)
  })

  test.each<[string, ListResponse]>([
    ['is forbidden', forbidden as ListResponse],
    ['does not exist', { ...forbidden, reason: 'request' } as ListResponse],
    ['returns something else', unusable as ListResponse],
    ['always fails', transient() as ListResponse],
    ['is empty', listResponse([])],
    ['contains only other jobs', listResponse([{ id: 'other', status: 'Running' }])],
    ['contains only a part of the other jobs', listResponse([{ id: 'other', status: 'Running' }], false)],
  ])('that %s is replaced by polls of each job', async (_name, response) => {
    const { jobs, service } = environment([3, 5, 7, 9])
    const { results, endedAt, listRequests } = await waitFor({ jobs, service, list: () => response })
    expect(distinctResults(results)).toEqual(['completed'])
    expect(endedAt).toBeLessThan(9 * MINUTE + 15 * SECOND)
    expect(listRequests.length).toBeLessThan(20)
  })

  test('does not delay the jobs if it begins to fail', async () => {
    const { jobs, service, list } = environment([3, 5, 7, 9])
    const fails = (request: ListRequest) =>
      request.at < 4 * MINUTE ? list(request) : (transient() as ListResponse)
    const { results, endedAt } = await waitFor({ jobs, service, list: fails })
    expect(distinctResults(results)).toEqual(['completed'])
    expect(endedAt).toBeLessThan(9 * MINUTE + 30 * SECOND)
  })

  test('does not delay the jobs if it never responds', async () => {
    const { jobs, service, list } = environment([3, 5, 7, 9])
    const stalls = (request: ListRequest) => (request.at < 4 * MINUTE ? list(request) : 'never')
    const { results, requests, endedAt } = await waitFor({ jobs, service, list: () => 'never' })
    expect(distinctResults(results)).toEqual(['completed'])
    expect(requests[0]?.at).toBeLessThanOrEqual(10 * SECOND)
    expect(endedAt).toBeLessThan(9 * MINUTE + 30 * SECOND)
    const later = await waitFor({ jobs, service, list: stalls })
    expect(distinctResults(later.results)).toEqual(['completed'])
    expect(later.endedAt).toBeLessThan(9 * MINUTE + MINUTE)
  })

  test('does not delay a job for more than ten minutes by reporting the same progress', async () => {
    const { jobs, service } = environment([15, 16, 17, 18])
    const list = () => listResponse(jobs.map((id) => ({ id, status: 'Running', process: '50%' })))
    const { results, endedAt, requests } = await waitFor({ jobs, service, list, timeout: 3 * HOUR })
    expect(distinctResults(results)).toEqual(['completed'])
    expect(endedAt).toBeLessThan(31 * MINUTE)
    expect(requests.length).toBeLessThan(20)
  })

  test('is used for a job from the first response that contains it', async () => {
    const { jobs, service, list } = environment([5, 6, 7, 8])
    const late = (request: ListRequest) => {
      const response = list(request)
      if (response.kind !== 'list' || request.at > MINUTE) return response
      return { ...response, entries: response.entries.filter(({ id }) => id.value !== 'job-2') }
    }
    const { results, requests } = await waitFor({ jobs, service, list: late })
    expect(distinctResults(results)).toEqual(['completed'])
    expect(countRequests(requests, 'job-0')).toBe(1)
    expect(countRequests(requests, 'job-2')).toBeGreaterThan(1)
    expect(requests.filter(({ id, at }) => id === 'job-2' && at > 2 * MINUTE)).toHaveLength(1)
  })

  test('is used for jobs that both calls report only after a few seconds', async () => {
    const { jobs, service, list } = environment([5, 6, 7, 8])
    const isTooEarly = (at: number) => at < 4 * SECOND
    const { results, requests } = await waitFor({
      jobs,
      service: (request) => (isTooEarly(request.at) ? notFoundYet : service(request)),
      list: (request) => (isTooEarly(request.at) ? listResponse([]) : list(request)),
    })
    expect(distinctResults(results)).toEqual(['completed'])
    expect(requests.length).toBeLessThanOrEqual(12)
  })

  test('is read by narrower windows while it is incomplete and does not contain every job', async () => {
    const { jobs, ...services } = environment(Array.from({ length: 120 }, () => 6))
    const { results, listRequests, requests } = await waitFor({ jobs, ...services })
    expect(distinctResults(results)).toEqual(['completed'])
    expect(requests).toHaveLength(120)
    const windows = new Set(listRequests.map(({ since, until }) => `${since} ${until}`))
    // The first search reads three windows; after that, three windows contain all jobs.
    expect(windows.size).toBeLessThanOrEqual(6)
  })

  test('may be sorted from the oldest job to the newest', async () => {
    const { jobs, service, list } = environment(Array.from({ length: 120 }, () => 6))
    const oldestFirst = (request: ListRequest) => {
      const all = list(request, 120)
      if (all.kind !== 'list') return all
      return { ...all, entries: all.entries.toReversed().slice(0, 50), isWhole: all.entries.length <= 50 }
    }
    const { results, requests } = await waitFor({ jobs, service, list: oldestFirst })
    expect(distinctResults(results)).toEqual(['completed'])
    expect(requests).toHaveLength(120)
  })

  test('is replaced by polls for jobs that it omits because too many were created in the same second', async () => {
    const jobs = Array.from({ length: 60 }, (_, index) => `job-${index}`)
    const { results } = await waitFor({
      jobs,
      service: completesAfter(6 * MINUTE),
      list: ({ at }) => {
        const status = at >= 6 * MINUTE ? 'Completed' : 'Running'
        return listResponse(
          jobs.slice(0, 50).map((id) => ({ id, status, created: START - SECOND })),
          false,
        )
      },
    })
    expect(distinctResults(results)).toEqual(['completed'])
  })

  test('ends the wait for all jobs after one request if it rejects the credentials', async () => {
    const { jobs } = environment(twenty)
    const { results, requests, listRequests } = await waitFor({
      jobs,
      service: () => unauthorized,
      list: () => unauthorized as ListResponse,
    })
    expect(results.map(({ outcome }) => (outcome.result === 'error' ? outcome.reason : ''))).toEqual(
      jobs.map(() => 'credentials'),
    )
    expect([listRequests.length, requests.length]).toEqual([1, 0])
  })

  test('stays in use after it rejected credentials that could be renewed', async () => {
    const { jobs, service, list } = environment(twenty)
    const renewable = { ...unauthorized, isRenewable: true } as ListResponse
    const { results, requests } = await waitFor({
      jobs,
      service,
      list: (request) => (request.at > MINUTE && request.at < 75 * SECOND ? renewable : list(request)),
    })
    expect(distinctResults(results)).toEqual(['completed'])
    expect(requests.length).toBeLessThan(25)
    const rejected = await waitFor({ jobs, service: () => renewable as JobResponse, list: () => renewable })
    expect(distinctResults(rejected.results)).toEqual(['error'])
    // As without the list: after a job's first rejection the keys are renewed, and a second one ends all waits.
    expect(rejected.listRequests.length + rejected.requests.length).toBeLessThanOrEqual(2 + jobs.length + 1)
  })

  test('may report jobs before the jobs API finds them', async () => {
    const { jobs, service, list } = environment([0.1, 0.1, 0.1, 0.1])
    const { results, endedAt } = await waitFor({
      jobs,
      service: (request) => (request.at < 45 * SECOND ? notFoundYet : service(request)),
      list,
    })
    expect(distinctResults(results)).toEqual(['completed'])
    expect(endedAt).toBeLessThan(75 * SECOND)
  })

  test('counts as proof that a job existed, if it reported the job for minutes', async () => {
    const { jobs, list } = environment([30, 30, 30, 30])
    const isThere = ({ at }: { at: number }) => at < 5 * MINUTE
    const { results, endedAt } = await waitFor({
      jobs,
      service: () => notFoundYet,
      list: (request) => (isThere(request) ? list(request) : listResponse([])),
    })
    expect(distinctResults(results)).toEqual(['vanished'])
    expect(endedAt).toBeLessThan(7 * MINUTE)
  })

  test('does not end the wait for all jobs if the response about one of them is forbidden', async () => {
    const { jobs, service, list } = environment([3, 4, 5, 6])
    const { results } = await waitFor({
      jobs,
      service: (request) => (request.id === 'job-1' ? forbidden : service(request)),
      list,
    })
    expect(results.map(({ outcome }) => outcome.result)).toEqual([
      'completed',
      'error',
      'completed',
      'completed',
    ])
  })

  test('reports a failure that ends all waits if fail-fast is on', async () => {
    const { jobs, service, list } = environment([3, 4, 5, 6])
    const fails = <T>(at: number, failed: T, otherwise: T) => (at > MINUTE ? failed : otherwise)
    const { results, endedAt } = await waitFor({
      jobs,
      failFast: true,
      service: (request) =>
        request.id === 'job-1'
          ? fails(request.at, jobResponse('Failed'), service(request))
          : service(request),
      list: (request) => {
        const failed = listResponse([{ id: 'job-1', status: 'Failed' }])
        return fails(request.at, failed, list(request))
      },
    })
    expect(results.map(({ outcome }) => outcome.result)).toEqual([
      'interrupted',
      'failed',
      'interrupted',
      'interrupted',
    ])
    expect(endedAt).toBeLessThan(2 * MINUTE)
  })

  test('is read for the final poll, and jobs that have finished are confirmed', async () => {
    const { jobs, ...services } = environment(twenty.map(() => 10 - 2.5 / 60))
    const { results } = await waitFor({ jobs, ...services, interval: 10 * MINUTE, timeout: 10 * MINUTE })
    expect(distinctResults(results)).toEqual(['completed'])
  })

  test('is replaced by a final poll of each job if it does not respond before the timeout', async () => {
    const { jobs, service, list } = environment(twenty.map(() => 10 - 2.5 / 60))
    const { results } = await waitFor({
      jobs,
      service,
      list: (request) => (request.at < 9 * MINUTE ? list(request) : 'never'),
      interval: 10 * MINUTE,
      timeout: 10 * MINUTE,
    })
    expect(distinctResults(results)).toEqual(['completed'])
  })

  test.each<[string, (request: ListRequest, correct: ListResponse) => ListResponse]>([
    ['is empty', () => listResponse([])],
    ['fails', () => transient() as ListResponse],
    ['needs new credentials', () => ({ ...unauthorized, isRenewable: true }) as ListResponse],
  ])('that at first %s is used for all jobs later, even in several windows', async (_name, firstResponse) => {
    const { jobs, service, list } = environment(Array.from({ length: 120 }, () => 6))
    let count = 0
    const late = (request: ListRequest) =>
      count++ < 1 ? firstResponse(request, list(request)) : list(request)
    const { results, requests } = await waitFor({ jobs, service, list: late })
    expect(distinctResults(results)).toEqual(['completed'])
    expect(requests).toHaveLength(120)
  })

  test('is searched again for jobs that were found only by their IDs', async () => {
    const { jobs, service, list } = environment(twenty)
    const late = (request: ListRequest) => (request.at < 30 * SECOND ? listResponse([]) : list(request))
    const { results, requests } = await waitFor({ jobs, service, list: late })
    expect(distinctResults(results)).toEqual(['completed'])
    expect(requests.filter(({ at }) => at > MINUTE)).toHaveLength(20)
  })

  test('keeps its share of the rate limit while many jobs are polled by their IDs', async () => {
    const { jobs, service, list } = environment(Array.from({ length: 300 }, () => 8))
    const isTooEarly = (at: number) => at < 7 * SECOND
    const { results, requests, listRequests } = await waitFor({
      jobs,
      service: (request) => (isTooEarly(request.at) ? notFoundYet : service(request)),
      list: (request) => (isTooEarly(request.at) ? listResponse([]) : list(request)),
    })
    expect(distinctResults(results)).toEqual(['completed'])
    expect(requests.filter(({ at }) => at < 5 * MINUTE).length).toBeLessThan(120)
    expect(listRequests.filter(({ at }) => at > MINUTE && at < 5 * MINUTE).length).toBeGreaterThan(10)
  })

  test('does not use all connections if it stalls in many windows', async () => {
    const { jobs, service, list } = environment(Array.from({ length: 500 }, () => 8))
    const stalls = (request: ListRequest) => (request.at < MINUTE ? list(request) : 'never')
    const { requests } = await waitFor({ jobs, service, list: stalls })
    expect(requests.filter(({ at }) => at > 2 * MINUTE && at < 7 * MINUTE).length).toBeGreaterThan(100)
  })

  test('is not searched endlessly for jobs that it does not contain', async () => {
    const { jobs, service } = environment(twenty)
    const others = ({ since }: ListRequest) =>
      listResponse(
        [0, 2].map((second) => ({ id: `${second}`, status: 'Running', created: since + second * SECOND })),
        false,
      )
    const { results, listRequests } = await waitFor({ jobs, service, list: others })
    expect(distinctResults(results)).toEqual(['completed'])
    expect(listRequests.length).toBeLessThan(40)
  })

  test('is not used for a job whose progress goes back and forth', async () => {
    const { jobs, service } = environment([5, 6, 7, 8])
    const list = ({ at }: ListRequest) =>
      listResponse(
        jobs.map((id) => ({ id, status: 'Running', process: `${40 + (Math.floor(at / 1_000) % 7)}%` })),
      )
    const { results, endedAt, requests } = await waitFor({ jobs, service, list, timeout: 3 * HOUR })
    expect(distinctResults(results)).toEqual(['completed'])
    expect(endedAt).toBeLessThan(19 * MINUTE)
    expect(requests.length).toBeLessThan(10)
  })

  test('with unchanged progress is not used for longer after a poll of the job failed', async () => {
    const { jobs, service } = environment([5, 6, 7, 8])
    const list = () => listResponse(jobs.map((id) => ({ id, status: 'Running', process: '50%' })))
    let faults = 0
    const { endedAt } = await waitFor({
      jobs,
      service: (request) => (faults++ < 4 ? transient() : service(request)),
      list,
      timeout: 3 * HOUR,
    })
    expect(endedAt).toBeLessThan(12 * MINUTE)
  })

  test.each<[string, ListResponse]>([
    ['is empty', listResponse([])],
    ['fails', transient() as ListResponse],
  ])('that at first %s is still read at a fixed interval', async (_name, response) => {
    const { jobs, service, list } = environment(twenty)
    const late = (request: ListRequest) => (request.at < 5 * SECOND ? response : list(request))
    const { listRequests } = await waitFor({ jobs, service, list: late, interval: MINUTE })
    expect((listRequests[1]?.at ?? 0) - (listRequests[0]?.at ?? 0)).toBeGreaterThanOrEqual(MINUTE)
  })

  test('is read every ten minutes at a fixed interval of ten minutes', async () => {
    const { jobs, ...services } = environment(twenty)
    const { listRequests } = await waitFor({ jobs, ...services, interval: 10 * MINUTE })
    expect(listRequests.map(({ at }) => Math.round(at / MINUTE))).toEqual([0, 10, 20])
  })

  test('is searched after it failed and then began with other jobs', async () => {
    const { jobs, service, list } = environment(twenty)
    const others = Array.from({ length: 60 }, (_, index) => ({
      id: `other-${index}`,
      status: 'Running',
      created: START - SECOND / 2 + index,
    }))
    const { requests } = await waitFor({
      jobs,
      service,
      list: (request) => {
        if (request.at === 0) return transient() as ListResponse
        const all = list(request)
        const own = all.kind === 'list' ? all.entries : []
        const otherJobs = listResponse(request.until > START - SECOND ? others.toReversed() : [])
        const entries = [...otherJobs.entries, ...own]
        return { ...otherJobs, entries: entries.slice(0, 70), isWhole: entries.length <= 70 }
      },
    })
    expect(requests.filter(({ at }) => at > 20 * SECOND).length).toBeLessThanOrEqual(20)
  })

  test.each<[string, ListResponse, number]>([
    ['is forbidden', forbidden as ListResponse, 1],
    ['rejects renewed credentials, too,', { ...unauthorized, isRenewable: true } as ListResponse, 2],
  ])('that %s is not read again', async (_name, response, count) => {
    const { jobs, service } = environment([3, 5, 7, 9])
    const { results, listRequests } = await waitFor({ jobs, service, list: () => response })
    expect(distinctResults(results)).toEqual(['completed'])
    expect(listRequests).toHaveLength(count)
  })

  test('may still contain jobs that no longer exist', async () => {
    const { jobs, service } = environment([20, 20, 20, 20])
    const { results, endedAt, requests } = await waitFor({
      jobs,
      service: (request) => (request.at < 5 * MINUTE ? service(request) : notFoundYet),
      list: () => listResponse(jobs.map((id) => ({ id, status: 'Running', process: '50%' }))),
    })
    expect(distinctResults(results)).toEqual(['vanished'])
    expect(requests).toHaveLength(12)
    expect(endedAt).toBeLessThan(12 * MINUTE)
  })

  test('that reported jobs as finished too early is not used for them again when it reports them as running', async () => {
    const { jobs, service } = environment([5, 6, 7, 8])
    const list = ({ at }: ListRequest) =>
      listResponse(jobs.map((id) => ({ id, status: at < 30 * SECOND ? 'Completed' : 'Running' })))
    const { endedAt, listRequests } = await waitFor({ jobs, service, list })
    expect(endedAt).toBeLessThan(8 * MINUTE + 10 * SECOND)
    // It is not read for jobs for which it is no longer used.
    expect(listRequests.length).toBeLessThan(15)
  })

  test('that no longer contains a job is replaced by polls of that job immediately', async () => {
    const { jobs, service, list } = environment([5, 6, 7, 8])
    const loses = (request: ListRequest) => {
      const response = list(request)
      if (response.kind !== 'list' || request.at < MINUTE) return response
      return { ...response, entries: response.entries.filter(({ id }) => id.value !== 'job-2') }
    }
    const { requests } = await waitFor({ jobs, service, list: loses })
    const seen = requests.filter(({ id }) => id === 'job-2').at(-1)?.at ?? Infinity
    expect(seen - 7 * MINUTE).toBeLessThan(5 * SECOND)
  })

  test('that is complete is not split to search for jobs that it does not contain', async () => {
    const { jobs, service } = environment(twenty)
    const others = [2, 60].map((second) => ({
      id: `${second}`,
      status: 'Running',
      created: START - second * SECOND,
    }))
    const { listRequests } = await waitFor({ jobs, service, list: () => listResponse(others) })
    expect(new Set(listRequests.map(({ since, until }) => `${since} ${until}`)).size).toBe(1)
  })

  test('without progress leads to one poll of each job in ten minutes', async () => {
    const jobs = ['a', 'b', 'c', 'd']
    const { requests } = await waitFor({
      jobs,
      service: completesAfter(35 * MINUTE),
      list: ({ at }) =>
        listResponse(jobs.map((id) => ({ id, status: at < 35 * MINUTE ? 'Running' : 'Completed' }))),
    })
    expect(jobs.map((id) => countRequests(requests, id))).toEqual([4, 4, 4, 4])
  })

  test('with many windows is not late after two failures in a row', async () => {
    const { jobs, service, list } = environment(Array.from({ length: 500 }, () => 12))
    const fails = (request: ListRequest) =>
      request.at > MINUTE && request.at < 100 * SECOND ? (transient() as ListResponse) : list(request)
    const { requests } = await waitFor({ jobs, service, list: fails })
    expect(requests.filter(({ at }) => at < 5 * MINUTE)).toEqual([])
  })

  test('and polls by ID together send at most 200 requests in five minutes', async () => {
    const { jobs, service, list } = environment(Array.from({ length: 300 }, () => 12))
    const isForbidden = (at: number) => at > 30 * SECOND
    const { requests, listRequests } = await waitFor({
      jobs,
      service,
      list: (request) => (isForbidden(request.at) ? (forbidden as ListResponse) : list(request)),
    })
    const times = [...requests, ...listRequests].map(({ at }) => at).sort((a, b) => a - b)
    const most = times.map((time) => times.filter((at) => at <= time && at > time - 5 * MINUTE).length)
    expect(Math.max(...most)).toBe(200)
  })

  test('is not read before a fixed interval has passed', async () => {
    const { jobs, ...services } = environment(twenty)
    const { listRequests, requests } = await waitFor({ jobs, ...services, interval: MINUTE })
    const intervals = listRequests.slice(1).map(({ at }, index) => at - (listRequests[index]?.at ?? 0))
    expect(Math.min(...intervals)).toBeGreaterThanOrEqual(MINUTE)
    expect(requests).toHaveLength(20)
  })
})
