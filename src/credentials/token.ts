import { staticCredentials, type Credentials } from './credentials.ts'

/** An IAM user token, valid for 24 hours. Source: API reference, table 3. */
export function tokenCredentials(token: string): Credentials {
  return staticCredentials(
    (request) => ({ ...request, headers: { ...request.headers, 'X-Auth-Token': token } }),
    'Get a new token: one is valid for 24 hours, for one project and region. Store the whole value of X-Subject-Token.',
  )
}
