import { expect, test } from '@jest/globals'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { PLACE } from '../../tools/place.ts'

const ROOT = join(import.meta.dirname, '..', '..')
const FILES = ['*.md', '*.yml', 'docs/**/*.md', '.github/**/*.yml', '__tests__/workflow/**/*.yml']

test('every reference to the action uses the repository of tools/place.ts, and the version v1 if any', () => {
  const places = globSync(FILES, { cwd: ROOT }).flatMap((file) =>
    [...readFileSync(join(ROOT, file), 'utf8').matchAll(/[\w.-]+\/wait-for-taurusdb-job\b(@[\w.-]+)?/g)].map(
      ([place]) => `${file}: ${place}`,
    ),
  )
  expect(places.length).toBeGreaterThan(2)
  expect(places.filter((place) => !place.endsWith(`: ${PLACE}`) && !place.endsWith(`: ${PLACE}@v1`))).toEqual(
    [],
  )
})

test('workflows and documents pin an action to the same commit and version', () => {
  const pins = globSync(FILES, { cwd: ROOT }).flatMap((file) =>
    [...readFileSync(join(ROOT, file), 'utf8').matchAll(/uses: ([\w./-]+)@([0-9a-f]{40} # v[\d.]+)$/gm)].map(
      ([, action = '', pin = '']) => ({ file, action, pin }),
    ),
  )
  const usual = Object.fromEntries(pins.map(({ action, pin }) => [action, pin]))
  expect(Object.keys(usual)).toContain('actions/checkout')
  expect(pins.filter(({ action, pin }) => pin !== usual[action])).toEqual([])
})
