import { account } from './assume-agency.ts'
import { authenticate } from './authenticate.ts'
import type { Cloud } from './cloud.ts'
import { gatewayError, json, type ApiResponse } from './response.ts'
import type { ApiRequest } from './request.ts'

/**
 * GET /v3/projects?name=… of IAM: the projects of the user with exactly this name, or all without a name. Each region has a
 * project whose name is the ID of the region. Source: the vendor's SDK 3.1.219, KeystoneListProjects. The error of a
 * request that is not authenticated is an assumption.
 */
export function listProjects(request: ApiRequest, cloud: Cloud): ApiResponse {
  const identity = authenticate(request, cloud)
  if ('rejected' in identity) {
    const message = `Incorrect IAM authentication information: ${identity.rejected}`
    return gatewayError(401, 'APIGW.0301', message, request.requestId)
  }
  const { name } = request.query
  const projects = cloud.projects.filter((project) => name === undefined || project.name === name)
  const self = `https://iam.example.com${request.path}?${request.rawQuery}`
  return json(200, {
    links: { next: null, previous: null, self },
    projects: projects.map((project) => ({
      domain_id: account,
      is_domain: false,
      parent_id: account,
      name: project.name,
      description: '',
      links: { self: `https://iam.example.com/v3/projects/${project.id}` },
      id: project.id,
      enabled: true,
    })),
  })
}

/** A project in IAM. */
export interface Project {
  readonly id: string
  readonly name: string
}
