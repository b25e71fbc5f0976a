import { z } from 'zod'
import type { ExchangeResult } from '../http/exchange.ts'
import { GATEWAY_HINTS, type Fault } from '../http/fault.ts'
import { percentEncode } from '../http/percent-encode.ts'
import { phrase } from '../untrusted-text.ts'
import { parse, send, type GetProject, type Project, type Sender } from './get.ts'

/** The ID of a project, or the region whose project of the same name is looked up in IAM. */
export type ProjectChoice = string | { readonly region: string; readonly iamEndpoint: string }

/** `onProject` is called when the project was looked up. */
type ProjectDependencies = Sender & { readonly onProject: (id: string, region: string) => void }

/**
 * Looks up the project with one request, on first use. `GET /v3/projects?name=`. Source: Huawei Cloud Python SDK
 * huaweicloudsdkcore 3.1.219, class Credentials.
 */
export function projectApi(choice: ProjectChoice, deps: ProjectDependencies): GetProject {
  if (typeof choice === 'string') return () => Promise.resolve({ kind: 'project', id: choice })
  const { region, iamEndpoint } = choice
  const url = `${iamEndpoint}/v3/projects?name=${percentEncode(region)}`
  let found: Project | undefined
  /** The request in progress, which all jobs share. */
  let lookup: { readonly signal: AbortSignal; readonly result: Promise<Project | Fault> } | undefined
  return async (signal) => {
    if (found !== undefined) return found
    if (lookup?.signal.aborted !== false) {
      const read = (result: ExchangeResult) => readProjects(result, region, deps)
      lookup = { signal, result: send(deps, url, {}, undefined, read, signal) }
    }
    const current = lookup
    const result = await current.result
    if (result.kind === 'project') found = result
    if (lookup === current) lookup = undefined
    return result
  }
}

export const PROJECT_ID = /^[A-Za-z0-9]{32}$/

const schema = z.object({
  projects: z.array(z.object({ id: z.string().regex(PROJECT_ID), name: z.string() })),
})

function readProjects(result: ExchangeResult, region: string, deps: ProjectDependencies): Project | Fault {
  const response = parse(result, schema, 'a list of projects', deps)
  if (response.kind !== 'parsed') return faultOfIam(response)
  const [project, ...others] = response.data.projects.filter(({ name }) => name === region)
  if (project === undefined || others.length > 0) {
    const found = project === undefined ? 'no project' : `${others.length + 1} projects`
    const message = phrase`IAM returned ${found} with the name ${deps.secrets.text(region)}`
    return { kind: 'rejected', reason: 'project', scope: 'all', detail: { label: 'no project', message } }
  }
  deps.onProject(project.id, region)
  return { kind: 'project', id: project.id }
}

/** Its rate limit is not that of the jobs API, and its hints would be about the wrong service. */
function faultOfIam(fault: Fault): Fault {
  const own = { label: `IAM ${fault.detail.label}`, message: phrase`IAM: ${fault.detail.message}` }
  const isAboutGateway = fault.detail.hint !== undefined && GATEWAY_HINTS.has(fault.detail.hint)
  const detail = { ...own, hint: isAboutGateway ? fault.detail.hint : HINT }
  if (fault.kind === 'transient') return { kind: 'transient', retryAfter: fault.retryAfter, detail }
  if (fault.kind === 'unusable') return { kind: 'unusable', detail }
  if (fault.reason === 'redirect' || fault.reason === 'endpoint') return { ...fault, scope: 'all', detail }
  const isAboutProject = fault.reason === 'permission' || fault.reason === 'request'
  return {
    ...fault,
    ...(isAboutProject && { reason: 'project' }),
    scope: 'all',
    detail: isAboutGateway ? detail : own,
  }
}

const HINT =
  'Check iam-endpoint and region, and whether this runner can reach IAM. With project-id, no project is looked up.'
