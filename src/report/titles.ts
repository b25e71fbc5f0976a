/** Titles of error annotations; each is a heading in docs/troubleshooting.md, "Annotations". */
export const TITLES = {
  inputs: 'Invalid inputs',
  failed: 'The job failed',
  canceled: 'The job was canceled',
  'timed-out': 'The wait timed out',
  'not-found': 'The job was not found',
  'order-not-found': 'No job found for the order',
  vanished: 'The job can no longer be found',
  'instance-vanished': 'The instance can no longer be found',
  'not-ready': 'The instance is not ready',
  interrupted: 'The wait was interrupted',
  credentials: 'Authentication failed',
  'id-token': 'GitHub did not issue an ID token',
  agency: 'Could not assume the agency',
  'ecs-agency': 'The ECS provides no keys',
  project: 'The project could not be looked up',
  permission: 'Permission denied',
  redirect: 'The endpoint returned a redirect',
  endpoint: 'The endpoint cannot be reached',
  certificate: 'The certificate is not trusted',
  proxy: 'The proxy refused the connection',
  request: 'The request was rejected',
  unusable: 'The responses are not usable',
  'other-job': 'The response is about another job',
  several: 'Several jobs did not complete',
  'several-instances': 'Several instances are not ready',
  outputs: 'Could not write the outputs',
  internal: 'Internal error',
} as const

/** What to do next, where that is the same for every job. */
export const NEXT_STEPS = {
  failed:
    'For details, see the task center in the console. Before you rerun the step that created the job, check the instance: changes that the job already made may not be rolled back.',
  canceled: 'It was canceled in the cloud. If you still need the operation, rerun the step that started it.',
  'order-not-found':
    'Check in the console that the order is paid and has not expired, and that project-id and endpoint are those of the region in which it was placed. To resume waiting, run a step with the same order-id.',
  'not-found':
    'Check region (or endpoint), project-id, service, and job-id: a job can be queried only in its own project and region, and only for a month.',
  vanished:
    "Check the instance in the console. Possible causes: the instance was deleted together with its jobs; the task's record was deleted in the console, although the task may still be running; or the job is older than a month.",
  'instance-vanished':
    'Check in the console whether the instance was deleted, and that instance-id, project-id, and region (or endpoint) are those of the instance.',
  'no-instance': 'Use wait-until: completed for this job, or wait for its instance with instance-id.',
  'no-address': 'Set connect-to to the host and port of the database.',
  'failed-instance':
    'Check the instance in the console. FAILED usually means that it could not be created; FROZEN usually means that the account is in arrears.',
  'not-connectable':
    "Check that this runner can reach the address (is it inside the VPC?), that the instance's security group allows this runner, and that connect-to, if set, is the address of the database or of a proxy in front of it.",
  credentials: 'Check the credentials.',
  'id-token':
    'GitHub rejected the request. Check that the job has the permission id-token: write. If the run has been waiting for days, start a new one.',
  agency:
    "Check identity-provider-urn, agency-urn, audience, and the agency's trust policy: its conditions on oidc:sub, oidc:aud, and oidc:iss must all match this workflow. See docs/credentials.md.",
  'ecs-agency': 'Check that this runner is an ECS that has an agency. See docs/credentials.md.',
  project:
    'Set project-id to the ID of the project that contains the instance: the console shows it on the page My Credentials. To look it up, the region must have exactly one project of that name, and the user or agency needs the permission iam:projects:listProjects.',
  permission:
    "Check that the user or agency has permission to list the service's tasks (for TaurusDB: gaussdbformysql:task:list, or gaussdb:instance:list in a role), and that project-id is the project of the job.",
  redirect:
    'Redirects are not followed, because they would pass on the credentials. Set endpoint to the host of the API itself. A proxy that requires a sign-in can also cause this.',
  endpoint: 'Check the spelling of the endpoint and its port, and whether this runner can reach it.',
  certificate:
    'Check the spelling of the endpoint. If a proxy or a private CA issues the certificate, save the CA certificate to a file and set NODE_EXTRA_CA_CERTS to its path. NODE_TLS_REJECT_UNAUTHORIZED has no effect on this action.',
  proxy:
    'Check https_proxy (it must contain user and password if the proxy requires them) and no_proxy, and that the proxy allows connections to the endpoint.',
  request: 'Check region (or endpoint) and project-id: both must be those of the instance.',
  unusable:
    'Check endpoint and service: the endpoint must be the API host of that service, not the console, a proxy, or another service.',
  'other-job':
    'The status of the requested job is not known. Check the endpoint, and any cache or gateway in front of it.',
  internal:
    'Please report this error with the log of the step. The job in the cloud is not affected. To resume waiting, run a step with the same ID.',
} as const
