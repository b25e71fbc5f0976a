/** Where this action lives, as `uses:` names it. It has no owner yet; a test finds every other spelling. */
export const PLACE = 'OWNER/wait-for-taurusdb-job'
