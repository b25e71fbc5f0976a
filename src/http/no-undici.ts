/**
 * Replaces undici in the bundle (tsconfig.json, `paths`). http-client loads that megabyte at startup only for
 * `getAgentDispatcher`, which provides proxies for fetch and is never called here.
 */
export const ProxyAgent = undefined
