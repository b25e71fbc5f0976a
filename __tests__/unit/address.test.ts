import { expect, test } from '@jest/globals'
import { formatAddress, parseAddress } from '../../src/address.ts'

test.each([
  ['192.168.0.10:3306', '192.168.0.10', 3306],
  ['db.example:1', 'db.example', 1],
  ['DB_1-a.example.:65535', 'DB_1-a.example.', 65_535],
  ['[::1]:3306', '::1', 3306],
  ['[2001:DB8::ffff:192.0.2.1]:33060', '2001:DB8::ffff:192.0.2.1', 33_060],
  [`${'a'.repeat(253)}:3306`, 'a'.repeat(253), 3306],
])('%s is an address, which is formatted as it was written', (text, host, port) => {
  expect(parseAddress(text)).toEqual({ host, port })
  expect(formatAddress({ host, port })).toBe(text)
})

test.each([
  '',
  ':3306',
  'db.example',
  'db.example:',
  'db.example:0',
  'db.example:65536',
  'db.example:033306',
  'db.example:-1',
  'db.example:3306.5',
  'db.example:٣',
  'db.example:3306/shop',
  'db.example:3306\n',
  '\ndb.example:3306',
  'mysql://db.example:3306',
  'user@db.example:3306',
  'user:word@db.example:3306',
  'db example:3306',
  'd\u00F6b.example:3306',
  '::1:3306',
  '2001:db8::1',
  '[]:3306',
  '[::1]',
  '[::1]3306',
  '[db.example]:3306',
  '[10.0.0.1]:3306',
  '[10.0.0.1:3306]:3306',
  '[1:2]:3306',
  '[abc]:3306',
  '[fe80::1%eth0]:3306',
  '[[::1]]:3306',
  `${'a'.repeat(254)}:3306`,
])('%j is not an address', (text) => {
  expect(parseAddress(text)).toBeUndefined()
})

test('a megabyte is read within a second', () => {
  for (const filler of ['a', '.', ':', '[', '[::', '1', 'a:1']) {
    const start = process.cpuUsage()
    expect(parseAddress(filler.repeat(1_000_000))).toBeUndefined()
    expect(process.cpuUsage(start).user).toBeLessThan(1_000_000)
  }
})
