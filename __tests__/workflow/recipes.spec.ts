import { expect, test } from '@jest/globals'
import type { Simulator } from '../../simulator/simulator.ts'
import { runWorkflow, type Given } from './engine.ts'
import { recipe, type Step } from './recipe.ts'

/** The recipes of docs/recipes.md and the README's example, as they stand there. */

const RECIPES = 'docs/recipes.md'

/** What the author has stored; `simulate` is what the jobs of KooCLI do. */
const author = (simulate: object = atOnce): Given => ({
  vars: {
    TAURUSDB_INSTANCE: '{"name":"shop"}',
    TAURUSDB_INSTANCE_ID: 'instance-1',
    TAURUSDB_HOST: 'production',
  },
  secrets: { TAURUSDB_PASSWORD: 'not-"a"-\\secret' },
  env: { SIMULATE: JSON.stringify(simulate) },
})
const atOnce = { hidden_seconds: 0, pending_seconds: 0, seconds: 0 }
const failing = { ...atOnce, fail_reason: 'no quota' }
const nothing = () => ({})

/** What a recipe of steps says that it follows. */
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
/** What a recipe of steps finds in the environment of its job. */
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

test('GitHub OIDC: the README’s example gets its keys without a stored secret, and deploys', async () => {
  const { exitCode, jobs, requests } = await runWorkflow(
    recipe('README.md', 'name: deploy when the database is there'),
    (simulator) => ({ 'job-id': simulator.addJob({ hiddenMs: 0, pendingMs: 0, runningMs: 0 }) }),
  )
  expect(exitCode).toBe(0)
  expect(jobs['deploy']?.steps['Deploy']?.prints).toBe('deploy.sh 192.168.0.10:3306\n')
  expect(requests.slice(0, 2).map(({ path }) => path)).toEqual(['/id-token', '/v5/agencies/assume-with-oidc'])
  const kinds = requests
    .slice(2)
    .map(({ headers }) => [headers.authorization?.split(' ')[0], headers['x-auth-token']])
  expect(new Set(kinds.flat())).toEqual(new Set(['SDK-HMAC-SHA256', undefined]))
})

test('KooCLI: its job id feeds the wait, and the key of the job’s environment signs it', async () => {
  const { exitCode, jobs, requests } = await runWorkflow(
    recipe(RECIPES, 'name: create with KooCLI'),
    nothing,
    author({ hidden_seconds: 5, seconds: 10 }),
  )
  expect(exitCode).toBe(0)
  const { 'Wait until it is there': wait, Deploy } = jobs['create']?.steps ?? {}
  expect(wait?.outputs).toMatchObject({ result: 'completed', 'instance-name': 'shop' })
  expect(Deploy?.prints).toBe('deploy.sh 192.168.0.10:3306\n')
  const [create] = requests.filter(({ method }) => method === 'POST')
  expect(JSON.parse(create?.body ?? '')).toMatchObject({
    name: 'shop',
    password: author().secrets?.['TAURUSDB_PASSWORD'],
  })
})

test('KooCLI: a job that failed stops the deploy step', async () => {
  const { exitCode, jobs } = await runWorkflow(
    recipe(RECIPES, 'name: create with KooCLI'),
    nothing,
    author(failing),
  )
  expect(exitCode).toBe(1)
  const { 'Wait until it is there': wait, Deploy } = jobs['create']?.steps ?? {}
  expect(wait).toMatchObject({ result: 'failure', outputs: { 'fail-reason': 'no quota' } })
  expect(Deploy).toBeUndefined()
})

test('KooCLI: an error that it prints instead of an id is red at once', async () => {
  const { exitCode, jobs, requests } = await runWorkflow(
    recipe(RECIPES, 'name: create with KooCLI'),
    nothing,
    {
      ...author(),
      vars: { ...author().vars, HUAWEI_CLOUD_PROJECT_ID: 'f'.repeat(32) },
    },
  )
  expect(exitCode).toBe(1)
  // Nothing was asked, since the inputs are wrong.
  expect(jobs['create']?.steps['Wait until it is there']).toMatchObject({
    result: 'failure',
    outputs: { result: 'error', jobs: '[]' },
  })
  expect(requests.filter(({ method, path }) => method === 'GET' && path.endsWith('/jobs'))).toEqual([])
})

test('curl: the job id and the clean-up’s instance come from one answer', async () => {
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

test('Terraform takes over the instance that was waited for', async () => {
  const { exitCode, jobs } = await runWorkflow(
    recipe(RECIPES, 'name: create, then hand it to Terraform'),
    nothing,
    author(),
  )
  expect(exitCode).toBe(0)
  const { 'Wait until it is there': wait, 'Take it over': takeOver } = jobs['create']?.steps ?? {}
  const instance = wait?.outputs['instance-id'] ?? 'none'
  expect(takeOver?.prints).toBe(`terraform init ${instance}\nterraform apply ${instance}\n`)
})

test('a backup is restored, the migration rehearsed on the copy, and only then run', async () => {
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

test('a restore that failed keeps the migration from the original, and the copy is deleted', async () => {
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

test('the load test begins when the replicas are there', async () => {
  const { exitCode, jobs, requests } = await runWorkflow(
    recipe(RECIPES, '      - name: Add two read replicas', [STORED, LOG_IN]),
    nothing,
    author(),
  )
  expect(exitCode).toBe(0)
  expect(jobs['example']?.steps['Load test']?.prints).toBe('load-test.sh\n')
  expect(JSON.parse(requests[0]?.body ?? '')).toMatchObject({ priorities: [1, 1] })
})

test('the nightly clone is made of the newest backup that is whole, and is deleted', async () => {
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
  ['vanished', 0, { hidden_seconds: 0, seconds: 600 }],
  ['completed', 0, atOnce],
  ['failed', 1, failing],
])('a delete that ended as %s leaves the job with exit code %i', async (result, code, simulate) => {
  const { exitCode, jobs } = await runWorkflow(
    recipe(RECIPES, '      - name: Delete the instance', [STORED, LOG_IN]),
    (simulator) => {
      if (result === 'vanished') removeOnceSeen(simulator)
      return {}
    },
    author(simulate),
  )
  // What a step prints just before it fails, act sometimes loses.
  const { 'Wait until it is gone': wait, 'Is it gone?': verdict } = jobs['example']?.steps ?? {}
  expect(wait?.outputs['result']).toBe(result)
  expect(verdict?.result).toBe(code === 0 ? 'success' : 'failure')
  expect(exitCode).toBe(code)
})

test('the server is pinged until it answers', async () => {
  const { exitCode, jobs } = await runWorkflow(
    recipe(RECIPES, '      - name: Wait until it accepts connections', [STORED, LOG_IN, CREATE]),
    nothing,
    author(),
  )
  expect(exitCode).toBe(0)
  const pings = jobs['example']?.steps['Wait until it accepts connections']?.prints
  expect(pings).toBe('mysqladmin --host=192.168.0.10 --port=3306 --connect-timeout=5 ping\n'.repeat(3))
})

test('the job that needs an approval gets the address of the one that waited', async () => {
  const { exitCode, jobs } = await runWorkflow(
    recipe(RECIPES, 'name: deploy after approval'),
    (simulator) => ({
      'job-id': simulator.addJob({ hiddenMs: 0, pendingMs: 0, runningMs: 0 }),
    }),
  )
  expect(exitCode).toBe(0)
  expect(jobs['deploy']?.steps['Deploy']?.prints).toBe('deploy.sh 192.168.0.10:3306\n')
})

/** As when the instance is gone, and its jobs with it. */
function removeOnceSeen({ requests, removeJob }: Simulator): void {
  const look = setInterval(() => {
    const seen = requests.find(({ path }) => path.endsWith('/jobs'))?.query['id']
    if (seen === undefined) return
    clearInterval(look)
    removeJob(seen)
  }, 20)
}
