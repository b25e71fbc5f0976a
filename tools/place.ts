/** The action's repository, as `uses:` references it. It has no owner yet. A test rejects any other spelling. */
export const PLACE = 'OWNER/wait-for-taurusdb-job'
