import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'

const FOLDER = join(import.meta.dirname, '..', '.tools')

/** Programs that check or run workflows. Dependabot does not update these versions; update them manually. */
const PROGRAMS = {
  act: { version: 'v0.2.89', go: 'github.com/nektos/act' },
  actionlint: { version: 'v1.7.12', go: 'github.com/rhysd/actionlint/cmd/actionlint' },
  zizmor: { version: '1.32.0', python: 'zizmor' },
} as const

/** Returns the path of a program in its pinned version. Installs the program with Go or Python if needed. */
export function pinned(name: keyof typeof PROGRAMS): string {
  const program = PROGRAMS[name]
  const folder = join(FOLDER, `${name}-${program.version}`)
  const path = 'go' in program ? join(folder, name) : join(folder, 'bin', name)
  if (existsSync(path)) return path
  console.log(`Installing ${name} ${program.version} …`)
  if ('go' in program) {
    const env = { ...process.env, GOBIN: folder }
    execFileSync('go', ['install', `${program.go}@${program.version}`], { env, stdio: 'inherit' })
  } else {
    const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check']
    execFileSync('python3', ['-m', 'venv', folder], { stdio: 'inherit' })
    execFileSync(join(folder, 'bin', 'python'), [...pip, `${program.python}==${program.version}`], {
      stdio: 'inherit',
    })
  }
  return path
}
