import { expect, test } from '@jest/globals'
import type { Simulator } from '../../simulator/simulator.ts'
import { runWorkflow, type Given } from './engine.ts'
import { recipe, stepOf, type Step } from './recipe.ts'

/** Runs the recipes of docs/recipes.md and the README's example, unchanged. */

const RECIPES = 'docs/recipes.md'

/** Variables and secrets of the workflow's author; `simulate` controls the jobs of KooCLI. */
const author = (simulate: object = atOnce): Given => ({
  vars: {
    TAURUSDB_INSTANCE: '{"name":"shop"}',
    TAURUSDB_INSTANCE_ID: 'instance-1',
    TAURUSDB_HOST: 'production',
  },
  secrets: { TAURUSDB_PASSWORD: 'not-"a"-\\secret' },
  env: { SIMULATE: JSON.stringify(simulate) },
})
const atOnce = { not_found_seconds: 0, pending_seconds: 0, seconds: 0 }
const failing = { ...atOnce, fail_reason: 'no quota' }
const nothing = () => ({})

/** The step that recipes with steps only follow. */
const LOG_IN: Step = {
  run: `hcloud configure set --cli-agree-privacy-statement=true
hcloud configure set --cli-mode=AKSK --cli-region=r --cli-access-key=k --cli-secret-key=s`,
}
const CREATE: Step = {
  id: 'create',
  run: `echo '{"body": {}}' > request.json
job_id="$(hcloud GaussDBforMySQL CreateGaussMySqlInstance --project_id="$HUAWEI_CLOUD_PROJECT_ID" \\
  --cli-jsonInput=request.json --cli-query=job_id --cli-output=tsv)"
echo "job-id=$job_id" >> "$GITHUB_OUTPUT"`,
}
/** Passes on a job that the test adds to the simulator. The workflow of an example does not declare inputs. */
const GIVEN_JOB: Step = {
  id: 'create',
  run: 'echo "job-id=$JOB_ID" >> "$GITHUB_OUTPUT"',
  env: { JOB_ID: '${{ github.event.inputs.job-id }}' },
}
/** The environment that recipes with steps only expect in their job. */
const STORED: Step = {
  run: `echo "HUAWEI_CLOUD_PROJECT_ID=$PROJECT_ID" >> "$GITHUB_ENV"
echo "HUAWEI_CLOUD_ACCESS_KEY_ID=$ACCESS_KEY_ID" >> "$GITHUB_ENV"
echo "HUAWEI_CLOUD_SECRET_ACCESS_KEY=$SECRET_ACCESS_KEY" >> "$GITHUB_ENV"`,
  env: {
    PROJECT_ID: '${{ vars.HUAWEI_CLOUD_PROJECT_ID }}',
    ACCESS_KEY_ID: '${{ secrets.HUAWEI_CLOUD_ACCESS_KEY_ID }}',
    SECRET_ACCESS_KEY: '${{ secrets.HUAWEI_CLOUD_SECRET_ACCESS_KEY }}',
  },
}

test.each([
  ['docs/recipes.md', 'deploy', recipe(RECIPES, 'name: deploy after a job')],
  [
    'README.md',
    'example',
    recipe('README.md', '      - name: Deploy', [GIVEN_JOB, stepOf('README.md', 'Wait for the job')]),
  ],
])('GitHub OIDC: the example in %s gets keys without a stored secret, and deploys', async (_, job, text) => {
  const { exitCode, jobs, requests } = await runWorkflow(text, (simulator) => ({
    'job-id': simulator.addJob({ notFoundMs: 0, pendingMs: 0, runningMs: 0 }),
  }))
  expect(exitCode).toBe(0)
  expect(jobs[job]?.steps['Deploy']?.prints).toBe('deploy.sh 192.168.0.10:3306\n')
  expect(requests.slice(0, 2).map(({ path }) => path)).toEqual(['/id-token', '/v5/agencies/assume-with-oidc'])
  const kinds = requests
    .slice(2)
    .map(({ headers }) => [headers.authorization?.split(' ')[0], headers['x-auth-token']])
  expect(new Set(kinds.flat())).toEqual(new Set(['SDK-HMAC-SHA256', undefined]))
})

test('KooCLI: the wait uses its job ID and the access key in the environment of the job', async () => {
  const { exitCode, jobs, requests } = await runWorkflow(
    recipe(RECIPES, 'name: create with KooCLI'),
    nothing,
    author({ not_found_seconds: 5, seconds: 10 }),
  )
  expect(exitCode).toBe(0)
  const { 'Wait for the job': wait, Deploy } = jobs['create']?.steps ?? {}
  expect(wait?.outputs).toMatchObject({ result: 'completed', 'instance-name': 'shop' })
  expect(Deploy?.prints).toBe('deploy.sh 192.168.0.10:3306\n')
  const [create] = requests.filter(({ method }) => method === 'POST')
  expect(JSON.parse(create?.body ?? '')).toMatchObject({
    name: 'shop',
    password: author().secrets?.['TAURUSDB_PASSWORD'],
  })
})

test('KooCLI: a failed job skips the deploy step', async () => {
  const { exitCode, jobs } = await runWorkflow(
    recipe(RECIPES, 'name: create with KooCLI'),
    nothing,
    author(failing),
  )
  expect(exitCode).toBe(1)
  const { 'Wait for the job': wait, Deploy } = jobs['create']?.steps ?? {}
  expect(wait).toMatchObject({ result: 'failure', outputs: { 'fail-reason': 'no quota' } })
  expect(Deploy).toBeUndefined()
})

test('KooCLI: an error that it prints instead of an ID fails the wait immediately', async () => {
  const { exitCode, jobs, requests } = await runWorkflow(
    recipe(RECIPES, 'name: create with KooCLI'),
    nothing,
    {
      ...author(),
      vars: { ...author().vars, HUAWEI_CLOUD_PROJECT_ID: 'f'.repeat(32) },
    },
  )
  expect(exitCode).toBe(1)
  // No request was sent, because the inputs are invalid.
  expect(jobs['create']?.steps['Wait for the job']).toMatchObject({
    result: 'failure',
    outputs: { result: 'error', jobs: '[]' },
  })
  expect(requests.filter(({ method, path }) => method === 'GET' && path.endsWith('/jobs'))).toEqual([])
})

test('curl: the job ID and the instance to clean up come from one response', async () => {
  const created = (simulate: object): Given => ({
    ...author(),
    vars: { TAURUSDB_INSTANCE: JSON.stringify({ name: 'shop', simulate }) },
  })
  const good = await runWorkflow(recipe(RECIPES, 'name: create with curl'), nothing, created(atOnce))
  expect(good.exitCode).toBe(0)
  expect(good.jobs['deploy']?.steps['Deploy']?.prints).toBe('deploy.sh 192.168.0.10:3306\n')

  const bad = await runWorkflow(recipe(RECIPES, 'name: create with curl'), nothing, created(failing))
  expect(bad.exitCode).toBe(1)
  const instance = bad.jobs['deploy']?.steps['Create the instance']?.outputs['instance-id'] ?? 'none'
  expect(bad.requests.at(-1)).toMatchObject({
    method: 'DELETE',
    path: expect.stringMatching(`/instances/${instance}$`),
  })
})

test('Terraform imports the instance after the wait', async () => {
  const { exitCode, jobs } = await runWorkflow(
    recipe(RECIPES, 'name: create and import into Terraform'),
    nothing,
    author(),
  )
  expect(exitCode).toBe(0)
  const { 'Wait for the job': wait, 'Import the instance into Terraform': takeOver } =
    jobs['create']?.steps ?? {}
  const instance = wait?.outputs['instance-id'] ?? 'none'
  expect(takeOver?.prints).toBe(`terraform init ${instance}\nterraform apply ${instance}\n`)
})

test('a backup is restored and the migration runs on the copy before it runs on the original', async () => {
  const { exitCode, jobs, requests } = await runWorkflow(
    recipe(RECIPES, 'name: rehearse a migration'),
    () => ({ 'backup-id': 'backup-1' }),
    author(),
  )
  expect(exitCode).toBe(0)
  const { 'Migrate the copy': rehearse, 'Delete the copy': remove } = jobs['rehearse']?.steps ?? {}
  expect(rehearse?.prints).toContain('migrate.sh 192.168.0.20\n')
  expect(remove?.prints).toMatch(/^KooCLI: DeleteGaussMySqlInstance [0-9a-f]{32}in07\n/)
  expect(jobs['migrate']?.steps['Migrate']?.prints).toBe('migrate.sh production\n')
  expect(JSON.parse(requests[0]?.body ?? '')).toMatchObject({
    name: 'rehearsal',
    restore_point: { type: 'backup', source_instance_id: 'instance-1', backup_id: 'backup-1' },
  })
})

test('a failed restore skips the migration of the original, and the copy is deleted', async () => {
  const { exitCode, jobs } = await runWorkflow(
    recipe(RECIPES, 'name: rehearse a migration'),
    () => ({ 'backup-id': 'backup-1' }),
    author(failing),
  )
  expect(exitCode).toBe(1)
  expect(jobs['rehearse']?.steps['Migrate the copy']).toBeUndefined()
  expect(jobs['rehearse']?.steps['Delete the copy']?.result).toBe('success')
  expect(jobs['migrate']).toBeUndefined()
})

test('the load test starts after the replicas exist', async () => {
  const { exitCode, jobs, requests } = await runWorkflow(
    recipe(RECIPES, '      - name: Add two read replicas', [STORED, LOG_IN]),
    nothing,
    author(),
  )
  expect(exitCode).toBe(0)
  expect(jobs['example']?.steps['Load test']?.prints).toBe('load-test.sh\n')
  expect(JSON.parse(requests[0]?.body ?? '')).toMatchObject({ priorities: [1, 1] })
})

test('the nightly clone uses the newest completed backup, and is deleted', async () => {
  const { exitCode, jobs, requests } = await runWorkflow(
    recipe(RECIPES, 'name: nightly clone'),
    nothing,
    author(),
  )
  expect(exitCode).toBe(0)
  const { 'Clone from the newest backup': clone, Test, 'Clean up': cleanUp } = jobs['test']?.steps ?? {}
  const instance = clone?.outputs['instance-id'] ?? 'none'
  expect(JSON.parse(requests[0]?.body ?? '')).toMatchObject({ restore_point: { backup_id: 'newest' } })
  expect(Test?.prints).toBe(`load-test.sh ${instance}\n`)
  expect(cleanUp?.prints).toContain(`DeleteGaussMySqlInstance ${instance}\n`)
})

test.each([
  ['vanished', 0, { not_found_seconds: 0, seconds: 600 }],
  ['completed', 0, atOnce],
  ['failed', 1, failing],
])('a delete that ends as %s ends the job with exit code %i', async (result, code, simulate) => {
  const { exitCode, jobs } = await runWorkflow(
    recipe(RECIPES, '      - name: Delete the instance', [STORED, LOG_IN]),
    (simulator) => {
      if (result === 'vanished') removeOnceSeen(simulator)
      return {}
    },
    author(simulate),
  )
  // act sometimes loses what a step prints just before it fails, so this test does not rely on it.
  const { 'Wait for the delete': wait, 'Check the result': verdict } = jobs['example']?.steps ?? {}
  expect(wait?.outputs['result']).toBe(result)
  expect(verdict?.result).toBe(code === 0 ? 'success' : 'failure')
  expect(exitCode).toBe(code)
})

test('the server is pinged until it responds', async () => {
  const { exitCode, jobs } = await runWorkflow(
    recipe(RECIPES, '      - name: Wait until the database accepts connections', [STORED, LOG_IN, CREATE]),
    nothing,
    author(),
  )
  expect(exitCode).toBe(0)
  const pings = jobs['example']?.steps['Wait until the database accepts connections']?.prints
  expect(pings).toBe('mysqladmin --host=192.168.0.10 --port=3306 --connect-timeout=5 ping\n'.repeat(3))
})

test('the job that needs an approval gets the address from the job that waited', async () => {
  const { exitCode, jobs } = await runWorkflow(
    recipe(RECIPES, 'name: deploy after approval'),
    (simulator) => ({
      'job-id': simulator.addJob({ notFoundMs: 0, pendingMs: 0, runningMs: 0 }),
    }),
  )
  expect(exitCode).toBe(0)
  expect(jobs['deploy']?.steps['Deploy']?.prints).toBe('deploy.sh 192.168.0.10:3306\n')
})

/** Removes the job after its first poll, as when the instance was deleted and its jobs with it. */
function removeOnceSeen({ requests, removeJob }: Simulator): void {
  const timer = setInterval(() => {
    const seen = requests.find(({ path }) => path.endsWith('/jobs'))?.query['id']
    if (seen === undefined) return
    clearInterval(timer)
    removeJob(seen)
  }, 20)
}
