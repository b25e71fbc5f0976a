/**
 * What stands in the bundle for undici (tsconfig.json, paths): http-client loads it at start, a megabyte of source, for
 * `getAgentDispatcher` alone, which gives proxies to callers of fetch. Nothing here calls it.
 */
export const ProxyAgent = undefined
