import { staticCredentials, type Credentials } from './credentials.ts'

/**
 * Sends an IAM user token with each request. Source: Huawei Cloud TaurusDB API Reference, "Obtaining Information About
 * a Task with a Specified ID", table 3.
 */
export function tokenCredentials(token: string): Credentials {
  return staticCredentials(
    (request) => ({ ...request, headers: { ...request.headers, 'X-Auth-Token': token } }),
    'Get a new token: a token is valid for 24 hours, in one project and region. Store the whole value of X-Subject-Token.',
  )
}
