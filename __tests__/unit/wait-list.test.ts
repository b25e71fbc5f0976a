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

/** Jobs that take so many minutes each, as both calls tell them; created a second after one another, before the wait. */
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
    /** The newest first, 50 of a window at most. */
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

const asks = (requests: readonly { readonly id: string }[], id: string) =>
  requests.filter((one) => one.id === id).length

const distinctResults = (results: readonly { readonly outcome: { readonly result: string } }[]) => [
  ...new Set(results.map(({ outcome }) => outcome.result)),
]

describe('the list', () => {
  test('is not used for a few jobs', async () => {
    const { listRequests, results } = await waitFor(environment([3, 4, 5]))
    expect(listRequests).toEqual([])
    expect(distinctResults(results)).toEqual(['completed'])
  })

  test('tells of many jobs at once, and each is asked for itself when it is over, and only then', async () => {
    const { jobs, ...services } = environment(twenty)
    const { requests, listRequests, results } = await waitFor({ jobs, ...services })
    expect(distinctResults(results)).toEqual(['completed'])
    expect(jobs.map((id) => asks(requests, id))).toEqual(jobs.map(() => 1))
    expect(listRequests.length).toBeLessThan(150)
    const lags = requests.map(({ id, at }) => at - (twenty[jobs.indexOf(id)] ?? 0) * MINUTE)
    expect(Math.max(...lags)).toBeLessThan(6 * SECOND)
  })

  test('that says at the first look that all are over is confirmed at once', async () => {
    const { jobs, ...services } = environment([0, 0, 0, 0])
    const { endedAt, listRequests, requests } = await waitFor({ jobs, ...services })
    expect([listRequests.length, requests.length]).toEqual([1, 4])
    expect(endedAt).toBeLessThan(SECOND)
  })

  test.each(['Completed', 'Failed', 'Canceled'])('never ends a job by its word %s alone', async (status) => {
    const { jobs, service } = environment([10, 10, 10, 10])
    const list = () => listResponse(jobs.map((id) => ({ id, status })))
    const { results, endedAt } = await waitFor({ jobs, service, list })
    expect(distinctResults(results)).toEqual(['completed'])
    expect(endedAt).toBeGreaterThanOrEqual(10 * MINUTE)
    expect(endedAt).toBeLessThan(10 * MINUTE + 30 * SECOND)
  })

  test('is no longer believed about a job that it called over too early, or called over and then not', async () => {
    const { jobs, service } = environment([10, 10, 10, 10])
    const flickers = ({ at }: ListRequest) =>
      listResponse(
        jobs.map((id) => ({ id, status: Math.floor(at / SECOND) % 2 === 0 ? 'Completed' : 'Running' })),
      )
    const { requests, results } = await waitFor({ jobs, service, list: flickers })
    expect(distinctResults(results)).toEqual(['completed'])
    for (const id of jobs) expect(asks(requests, id)).toBeLessThan(50)
  })

  test.each<[string, ListResponse]>([
    ['is refused', forbidden as ListResponse],
    ['is not there', { ...forbidden, reason: 'request' } as ListResponse],
    ['does not answer with a list', unusable as ListResponse],
    ['always fails', transient() as ListResponse],
    ['lacks all jobs', listResponse([])],
    ['holds others alone', listResponse([{ id: 'other', status: 'Running' }])],
    [
      'holds others alone, and not even all of them',
      listResponse([{ id: 'other', status: 'Running' }], false),
    ],
  ])('that %s leaves each job to its own question', async (_name, answer) => {
    const { jobs, service } = environment([3, 5, 7, 9])
    const { results, endedAt, listRequests } = await waitFor({ jobs, service, list: () => answer })
    expect(distinctResults(results)).toEqual(['completed'])
    expect(endedAt).toBeLessThan(9 * MINUTE + 15 * SECOND)
    expect(listRequests.length).toBeLessThan(20)
  })

  test('that fails from some moment on is not waited for', async () => {
    const { jobs, service, list } = environment([3, 5, 7, 9])
    const fails = (requests: ListRequest) =>
      requests.at < 4 * MINUTE ? list(requests) : (transient() as ListResponse)
    const { results, endedAt } = await waitFor({ jobs, service, list: fails })
    expect(distinctResults(results)).toEqual(['completed'])
    expect(endedAt).toBeLessThan(9 * MINUTE + 30 * SECOND)
  })

  test('that never answers is not waited for', async () => {
    const { jobs, service, list } = environment([3, 5, 7, 9])
    const stalls = (requests: ListRequest) => (requests.at < 4 * MINUTE ? list(requests) : 'never')
    const { results, requests, endedAt } = await waitFor({ jobs, service, list: () => 'never' })
    expect(distinctResults(results)).toEqual(['completed'])
    expect(requests[0]?.at).toBeLessThanOrEqual(10 * SECOND)
    expect(endedAt).toBeLessThan(9 * MINUTE + 30 * SECOND)
    const later = await waitFor({ jobs, service, list: stalls })
    expect(distinctResults(later.results)).toEqual(['completed'])
    expect(later.endedAt).toBeLessThan(9 * MINUTE + MINUTE)
  })

  test('that stands still does not keep a job waiting', async () => {
    const { jobs, service } = environment([15, 16, 17, 18])
    const list = () => listResponse(jobs.map((id) => ({ id, status: 'Running', process: '50%' })))
    const { results, endedAt, requests } = await waitFor({ jobs, service, list, timeout: 3 * HOUR })
    expect(distinctResults(results)).toEqual(['completed'])
    expect(endedAt).toBeLessThan(31 * MINUTE)
    expect(requests.length).toBeLessThan(20)
  })

  test('leaves a job that it lacks to its own question until it has it', async () => {
    const { jobs, service, list } = environment([5, 6, 7, 8])
    const late = (requests: ListRequest) => {
      const answer = list(requests)
      if (answer.kind !== 'list' || requests.at > MINUTE) return answer
      return { ...answer, entries: answer.entries.filter(({ id }) => id.value !== 'job-2') }
    }
    const { results, requests } = await waitFor({ jobs, service, list: late })
    expect(distinctResults(results)).toEqual(['completed'])
    expect(asks(requests, 'job-0')).toBe(1)
    expect(asks(requests, 'job-2')).toBeGreaterThan(1)
    expect(requests.filter(({ id, at }) => id === 'job-2' && at > 2 * MINUTE)).toHaveLength(1)
  })

  test('has jobs that were just created after a few seconds', async () => {
    const { jobs, service, list } = environment([5, 6, 7, 8])
    const isHidden = (at: number) => at < 4 * SECOND
    const { results, requests } = await waitFor({
      jobs,
      service: (question) => (isHidden(question.at) ? notFoundYet : service(question)),
      list: (question) => (isHidden(question.at) ? listResponse([]) : list(question)),
    })
    expect(distinctResults(results)).toEqual(['completed'])
    expect(requests.length).toBeLessThanOrEqual(12)
  })

  test('is asked in narrower windows while it is not whole and any job is sought', async () => {
    const { jobs, ...services } = environment(Array.from({ length: 120 }, () => 6))
    const { results, listRequests, requests } = await waitFor({ jobs, ...services })
    expect(distinctResults(results)).toEqual(['completed'])
    expect(requests).toHaveLength(120)
    const windows = new Set(listRequests.map(({ since, until }) => `${since} ${until}`))
    // Three of the first scan, and then the three pages that contain the jobs.
    expect(windows.size).toBeLessThanOrEqual(6)
  })

  test('may go from the oldest to the newest as well', async () => {
    const { jobs, service, list } = environment(Array.from({ length: 120 }, () => 6))
    const oldestFirst = (requests: ListRequest) => {
      const all = list(requests, 120)
      if (all.kind !== 'list') return all
      return { ...all, entries: all.entries.toReversed().slice(0, 50), isWhole: all.entries.length <= 50 }
    }
    const { results, requests } = await waitFor({ jobs, service, list: oldestFirst })
    expect(distinctResults(results)).toEqual(['completed'])
    expect(requests).toHaveLength(120)
  })

  test('leaves what it can’t show of one second to its own question', async () => {
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

  test('that refuses the credentials speaks for the jobs, too: they are asked with once', async () => {
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

  test('that refuses credentials which can be renewed is asked with new ones, and stays in use', async () => {
    const { jobs, service, list } = environment(twenty)
    const renewable = { ...unauthorized, isRenewable: true } as ListResponse
    const { results, requests } = await waitFor({
      jobs,
      service,
      list: (question) => (question.at > MINUTE && question.at < 75 * SECOND ? renewable : list(question)),
    })
    expect(distinctResults(results)).toEqual(['completed'])
    expect(requests.length).toBeLessThan(25)
    const refused = await waitFor({ jobs, service: () => renewable as JobResponse, list: () => renewable })
    expect(distinctResults(refused.results)).toEqual(['error'])
    // As without the list: each job's first refusal is renewed, and the second of one is final for all.
    expect(refused.listRequests.length + refused.requests.length).toBeLessThanOrEqual(2 + jobs.length + 1)
  })

  test('that tells of jobs sooner than the jobs call does not make them vanish', async () => {
    const { jobs, service, list } = environment([0.1, 0.1, 0.1, 0.1])
    const { results, endedAt } = await waitFor({
      jobs,
      service: (requests) => (requests.at < 45 * SECOND ? notFoundYet : service(requests)),
      list,
    })
    expect(distinctResults(results)).toEqual(['completed'])
    expect(endedAt).toBeLessThan(75 * SECOND)
  })

  test('that told of jobs for minutes shows that they vanished', async () => {
    const { jobs, list } = environment([30, 30, 30, 30])
    const isThere = ({ at }: { at: number }) => at < 5 * MINUTE
    const { results, endedAt } = await waitFor({
      jobs,
      service: () => notFoundYet,
      list: (requests) => (isThere(requests) ? list(requests) : listResponse([])),
    })
    expect(distinctResults(results)).toEqual(['vanished'])
    expect(endedAt).toBeLessThan(7 * MINUTE)
  })

  test('does not keep one that is refused from the others', async () => {
    const { jobs, service, list } = environment([3, 4, 5, 6])
    const { results } = await waitFor({
      jobs,
      service: (requests) => (requests.id === 'job-1' ? forbidden : service(requests)),
      list,
    })
    expect(results.map(({ outcome }) => outcome.result)).toEqual([
      'completed',
      'error',
      'completed',
      'completed',
    ])
  })

  test('shows a failure that ends all with fail-fast', async () => {
    const { jobs, service, list } = environment([3, 4, 5, 6])
    const fails = <T>(at: number, failed: T, otherwise: T) => (at > MINUTE ? failed : otherwise)
    const { results, endedAt } = await waitFor({
      jobs,
      failFast: true,
      service: (requests) =>
        requests.id === 'job-1'
          ? fails(requests.at, jobResponse('Failed'), service(requests))
          : service(requests),
      list: (requests) => {
        const failed = listResponse([{ id: 'job-1', status: 'Failed' }])
        return fails(requests.at, failed, list(requests))
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

  test('is looked at once more before the timeout, and what is over then is confirmed', async () => {
    const { jobs, ...services } = environment(twenty.map(() => 10 - 2.5 / 60))
    const { results } = await waitFor({ jobs, ...services, interval: 10 * MINUTE, timeout: 10 * MINUTE })
    expect(distinctResults(results)).toEqual(['completed'])
  })

  test('that does not come before the timeout is replaced by the jobs’ own answers', async () => {
    const { jobs, service, list } = environment(twenty.map(() => 10 - 2.5 / 60))
    const { results } = await waitFor({
      jobs,
      service,
      list: (requests) => (requests.at < 9 * MINUTE ? list(requests) : 'never'),
      interval: 10 * MINUTE,
      timeout: 10 * MINUTE,
    })
    expect(distinctResults(results)).toEqual(['completed'])
  })

  test.each<[string, (asked: ListRequest, honest: ListResponse) => ListResponse]>([
    ['is empty', () => listResponse([])],
    ['fails', () => transient() as ListResponse],
    ['takes new credentials', () => ({ ...unauthorized, isRenewable: true }) as ListResponse],
  ])('that at first %s is used for all jobs later, be they in several windows', async (_name, lie) => {
    const { jobs, service, list } = environment(Array.from({ length: 120 }, () => 6))
    let count = 0
    const late = (requests: ListRequest) => (count++ < 1 ? lie(requests, list(requests)) : list(requests))
    const { results, requests } = await waitFor({ jobs, service, list: late })
    expect(distinctResults(results)).toEqual(['completed'])
    expect(requests).toHaveLength(120)
  })

  test('is asked again for jobs that only their own answers have told of yet', async () => {
    const { jobs, service, list } = environment(twenty)
    const late = (requests: ListRequest) => (requests.at < 30 * SECOND ? listResponse([]) : list(requests))
    const { results, requests } = await waitFor({ jobs, service, list: late })
    expect(distinctResults(results)).toEqual(['completed'])
    expect(requests.filter(({ at }) => at > MINUTE)).toHaveLength(20)
  })

  test('keeps its part of the budget where all of many jobs are asked for themselves', async () => {
    const { jobs, service, list } = environment(Array.from({ length: 300 }, () => 8))
    const isHidden = (at: number) => at < 7 * SECOND
    const { results, requests, listRequests } = await waitFor({
      jobs,
      service: (question) => (isHidden(question.at) ? notFoundYet : service(question)),
      list: (question) => (isHidden(question.at) ? listResponse([]) : list(question)),
    })
    expect(distinctResults(results)).toEqual(['completed'])
    expect(requests.filter(({ at }) => at < 5 * MINUTE).length).toBeLessThan(120)
    expect(listRequests.filter(({ at }) => at > MINUTE && at < 5 * MINUTE).length).toBeGreaterThan(10)
  })

  test('that stalls in many windows leaves connections to the jobs', async () => {
    const { jobs, service, list } = environment(Array.from({ length: 500 }, () => 8))
    const stalls = (requests: ListRequest) => (requests.at < MINUTE ? list(requests) : 'never')
    const { requests } = await waitFor({ jobs, service, list: stalls })
    expect(requests.filter(({ at }) => at > 2 * MINUTE && at < 7 * MINUTE).length).toBeGreaterThan(100)
  })

  test('is not searched without end for jobs that it lacks', async () => {
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

  test('that goes back and forth tells nothing new', async () => {
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

  test('that stands still is not believed for longer because a job’s own question failed', async () => {
    const { jobs, service } = environment([5, 6, 7, 8])
    const list = () => listResponse(jobs.map((id) => ({ id, status: 'Running', process: '50%' })))
    let faults = 0
    const { endedAt } = await waitFor({
      jobs,
      service: (requests) => (faults++ < 4 ? transient() : service(requests)),
      list,
      timeout: 3 * HOUR,
    })
    expect(endedAt).toBeLessThan(12 * MINUTE)
  })

  test.each<[string, ListResponse]>([
    ['lacks the jobs', listResponse([])],
    ['fails', transient() as ListResponse],
  ])('that at first %s is asked no sooner for that', async (_name, answer) => {
    const { jobs, service, list } = environment(twenty)
    const late = (requests: ListRequest) => (requests.at < 5 * SECOND ? answer : list(requests))
    const { listRequests } = await waitFor({ jobs, service, list: late, interval: MINUTE })
    expect((listRequests[1]?.at ?? 0) - (listRequests[0]?.at ?? 0)).toBeGreaterThanOrEqual(MINUTE)
  })

  test('is asked each ten minutes where that is wanted', async () => {
    const { jobs, ...services } = environment(twenty)
    const { listRequests } = await waitFor({ jobs, ...services, interval: 10 * MINUTE })
    expect(listRequests.map(({ at }) => Math.round(at / MINUTE))).toEqual([0, 10, 20])
  })

  test('that fails first, and then has others first, is searched all the same', async () => {
    const { jobs, service, list } = environment(twenty)
    const others = Array.from({ length: 60 }, (_, index) => ({
      id: `other-${index}`,
      status: 'Running',
      created: START - SECOND / 2 + index,
    }))
    const { requests } = await waitFor({
      jobs,
      service,
      list: (question) => {
        if (question.at === 0) return transient() as ListResponse
        const all = list(question)
        const own = all.kind === 'list' ? all.entries : []
        const first = listResponse(question.until > START - SECOND ? others.toReversed() : [])
        const shown = [...(first.kind === 'list' ? first.entries : []), ...own]
        return { kind: 'list', entries: shown.slice(0, 70), isWhole: shown.length <= 70 }
      },
    })
    expect(requests.filter(({ at }) => at > 20 * SECOND).length).toBeLessThanOrEqual(20)
  })

  test.each<[string, ListResponse, number]>([
    ['refused', forbidden as ListResponse, 1],
    ['refused with new credentials, too', { ...unauthorized, isRenewable: true } as ListResponse, 2],
  ])('that is %s is not requests again', async (_name, answer, questions) => {
    const { jobs, service } = environment([3, 5, 7, 9])
    const { results, listRequests } = await waitFor({ jobs, service, list: () => answer })
    expect(distinctResults(results)).toEqual(['completed'])
    expect(listRequests).toHaveLength(questions)
  })

  test('that still tells of jobs that are gone does not hide that', async () => {
    const { jobs, service } = environment([20, 20, 20, 20])
    const { results, endedAt, requests } = await waitFor({
      jobs,
      service: (question) => (question.at < 5 * MINUTE ? service(question) : notFoundYet),
      list: () => listResponse(jobs.map((id) => ({ id, status: 'Running', process: '50%' }))),
    })
    expect(distinctResults(results)).toEqual(['vanished'])
    expect(requests).toHaveLength(12)
    expect(endedAt).toBeLessThan(12 * MINUTE)
  })

  test('that called jobs over too early is not believed again when it says that they run', async () => {
    const { jobs, service } = environment([5, 6, 7, 8])
    const list = ({ at }: ListRequest) =>
      listResponse(jobs.map((id) => ({ id, status: at < 30 * SECOND ? 'Completed' : 'Running' })))
    const { endedAt, listRequests } = await waitFor({ jobs, service, list })
    expect(endedAt).toBeLessThan(8 * MINUTE + 10 * SECOND)
    // It tells of nothing that is believed.
    expect(listRequests.length).toBeLessThan(15)
  })

  test('that loses a job leaves it to its own question at once', async () => {
    const { jobs, service, list } = environment([5, 6, 7, 8])
    const loses = (question: ListRequest) => {
      const answer = list(question)
      if (answer.kind !== 'list' || question.at < MINUTE) return answer
      return { ...answer, entries: answer.entries.filter(({ id }) => id.value !== 'job-2') }
    }
    const { requests } = await waitFor({ jobs, service, list: loses })
    const seen = requests.filter(({ id }) => id === 'job-2').at(-1)?.at ?? Infinity
    expect(seen - 7 * MINUTE).toBeLessThan(5 * SECOND)
  })

  test('that is whole is not divided for jobs that it lacks', async () => {
    const { jobs, service } = environment(twenty)
    const others = [2, 60].map((second) => ({
      id: `${second}`,
      status: 'Running',
      created: START - second * SECOND,
    }))
    const { listRequests } = await waitFor({ jobs, service, list: () => listResponse(others) })
    expect(new Set(listRequests.map(({ since, until }) => `${since} ${until}`)).size).toBe(1)
  })

  test('has jobs without progress asked for once in ten minutes', async () => {
    const jobs = ['a', 'b', 'c', 'd']
    const { requests } = await waitFor({
      jobs,
      service: completesAfter(35 * MINUTE),
      list: ({ at }) =>
        listResponse(jobs.map((id) => ({ id, status: at < 35 * MINUTE ? 'Running' : 'Completed' }))),
    })
    expect(jobs.map((id) => asks(requests, id))).toEqual([4, 4, 4, 4])
  })

  test('that fails twice in a row is not late yet where there are many windows', async () => {
    const { jobs, service, list } = environment(Array.from({ length: 500 }, () => 12))
    const fails = (requests: ListRequest) =>
      requests.at > MINUTE && requests.at < 100 * SECOND ? (transient() as ListResponse) : list(requests)
    const { requests } = await waitFor({ jobs, service, list: fails })
    expect(requests.filter(({ at }) => at < 5 * MINUTE)).toEqual([])
  })

  test('and the jobs’ own questions are 200 in five minutes at most', async () => {
    const { jobs, service, list } = environment(Array.from({ length: 300 }, () => 12))
    const isRefused = (at: number) => at > 30 * SECOND
    const { requests, listRequests } = await waitFor({
      jobs,
      service,
      list: (question) => (isRefused(question.at) ? (forbidden as ListResponse) : list(question)),
    })
    const times = [...requests, ...listRequests].map(({ at }) => at).sort((a, b) => a - b)
    const most = times.map((time) => times.filter((at) => at <= time && at > time - 5 * MINUTE).length)
    expect(Math.max(...most)).toBe(200)
  })

  test('is not asked sooner than a fixed interval allows', async () => {
    const { jobs, ...services } = environment(twenty)
    const { listRequests, requests } = await waitFor({ jobs, ...services, interval: MINUTE })
    const gaps = listRequests.slice(1).map(({ at }, index) => at - (listRequests[index]?.at ?? 0))
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(MINUTE)
    expect(requests).toHaveLength(20)
  })
})
