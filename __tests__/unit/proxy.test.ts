import { describe, expect, test } from '@jest/globals'
import { HttpClient } from '@actions/http-client'
import { parseNoProxy, parseProxy } from '../../src/http/proxy.ts'
import { InvalidInput } from '../../src/invalid-input.ts'
import { plain } from './text.ts'

/** The variables https_proxy and no_proxy, and what @actions/http-client makes of the result. */

describe('a proxy', () => {
  test.each([
    ['http://proxy.example:3128', 'http://proxy.example:3128/'],
    ['HTTP://PROXY.example:3128/', 'http://proxy.example:3128/'],
    ['https://proxy.example', 'https://proxy.example/'],
    ['proxy.example:3128', 'http://proxy.example:3128/'],
    ['proxy.example', 'http://proxy.example/'],
    ['localhost:3128', 'http://localhost:3128/'],
    ['192.0.2.1:3128', 'http://192.0.2.1:3128/'],
    ['user:pw@proxy.example:3128', 'http://user:pw@proxy.example:3128/'],
    ['http://user:pw@proxy.example:3128', 'http://user:pw@proxy.example:3128/'],
    ['user@proxy.example', 'http://user@proxy.example/'],
    ['http://[2001:db8::1]:3128', 'http://[2001:db8::1]:3128/'],
    ['[2001:db8::1]:3128', 'http://[2001:db8::1]:3128/'],
    ['user:pw@[2001:db8::1]:3128', 'http://user:pw@[2001:db8::1]:3128/'],
    ['http://user:p%25w%23%2F%3F%40@proxy.example', 'http://user:p%25w%23%2F%3F%40@proxy.example/'],
    ['http://user:p@w@proxy.example', 'http://user:p%40w@proxy.example/'],
  ])('%j is the URL %s', (value, url) => {
    expect(parseProxy(value)).toBe(url)
  })

  test.each([
    ['a raw % in the password', 'http://user:sesame%@proxy.example:3128'],
    ['a raw % in the password, without a scheme', 'user:100%sesame@proxy.example:3128'],
    ['a raw % in the user name', 'http://us%er:sesame@proxy.example:3128'],
    ['a raw % that user name and password together would hide', 'http://user%4:1sesame@proxy.example:3128'],
    ['a % that is not UTF-8', 'http://user:sesame%ff@proxy.example:3128'],
    ['a raw # in the password', 'http://user:sesame#1@proxy.example:3128'],
    ['a raw # after digits, which names another host', 'http://user:80#sesame@proxy.example:3128'],
    ['a raw / in the password', 'http://user:sesame/1@proxy.example:3128'],
    ['a raw / after digits, which names another host', 'http://user:80/sesame@proxy.example:3128'],
    ['a raw \\ after digits, which names another host', 'http://user:80\\sesame@proxy.example:3128'],
    ['a raw ? in the password', 'http://user:sesame?1@proxy.example:3128'],
    ['a raw ? after digits, which names another host', 'user:80?sesame@proxy.example:3128'],
    ['another kind of proxy', 'socks5://sesame.example:1080'],
    ['another kind of proxy', 'socks5h://user:sesame@proxy.example:1080'],
    ['another protocol', 'ftp://sesame.example'],
    ['another protocol', 'ws://user:sesame@proxy.example:3128'],
    ['a path', 'http://proxy.example:3128/sesame'],
    ['a wrong port', 'sesame.example:port'],
    ['a wrong scheme', 'http:/sesame.example'],
    ['a space', 'sesame example'],
    ['no host', 'http://'],
    ['nothing', ''],
  ])('with %s is invalid, and not quoted: %j', (_what, value) => {
    const result = parseProxy(value)
    const problem = result instanceof InvalidInput ? plain(result.problem) : result
    expect(problem).toMatch(
      /^is not the URL of an HTTP proxy\. .* % as %25, # as %23, \/ as %2F, \? as %3F, and @ as %40\.$/,
    )
    expect(problem).not.toContain('sesame')
  })
})

describe('hosts without a proxy', () => {
  test.each([
    ['', ''],
    [' , ', ''],
    ['a.example', 'a.example'],
    ['a.example,b.example', 'a.example,b.example'],
    ['a.example, b.example ,,c.example', 'a.example,b.example,c.example'],
    ['a.example b.example\tc.example\n', 'a.example,b.example,c.example'],
    ['*.example,.test', '.example,.test'],
    ['*', '*'],
    ['a.*.example', 'a.*.example'],
    ['a.example:8443', 'a.example:8443'],
  ])('%j are %j', (value, hosts) => {
    expect(parseNoProxy(value)).toBe(hosts)
  })
})

describe('@actions/http-client', () => {
  function urlOf(proxy: string): string {
    const url = parseProxy(proxy)
    if (url instanceof InvalidInput) throw new Error(plain(url.problem))
    return url
  }

  interface ProxyOptions {
    readonly host: string
    readonly port: string
    readonly proxyAuth?: string
  }

  /** The proxy that it uses for https://host.example. */
  function proxyUsed(proxy: string, noProxy = ''): ProxyOptions | undefined {
    const variables = { https_proxy: urlOf(proxy), no_proxy: parseNoProxy(noProxy) }
    const before = { ...process.env }
    Object.assign(process.env, variables)
    try {
      const agent = new HttpClient('test').getAgent('https://host.example') as { proxyOptions?: ProxyOptions }
      return agent.proxyOptions
    } finally {
      for (const name of Object.keys(variables)) {
        if (before[name] === undefined) Reflect.deleteProperty(process.env, name)
        else process.env[name] = before[name]
      }
    }
  }

  test.each([
    ['proxy.example:3128', { host: 'proxy.example', port: '3128' }],
    ['user:pw@proxy.example:3128', { host: 'proxy.example', port: '3128', proxyAuth: 'user:pw' }],
    [
      'http://user:p%25w%23@proxy.example:8080',
      { host: 'proxy.example', port: '8080', proxyAuth: 'user:p%w#' },
    ],
    ['[2001:db8::1]:3128', { host: '[2001:db8::1]', port: '3128' }],
  ])('reads the proxy %j in the same way', (proxy, options) => {
    expect(proxyUsed(proxy)).toMatchObject(options)
  })

  test.each([
    ['*.example', undefined],
    ['other.test *.example', undefined],
    ['host.example', undefined],
    ['*.test', 'proxy.test'],
    ['', 'proxy.test'],
  ])('with no_proxy %j uses the proxy %j', (noProxy, host) => {
    expect(proxyUsed('proxy.test:3128', noProxy)?.host).toBe(host)
  })
})
