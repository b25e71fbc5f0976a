import { SERVER } from './server.ts'

/** Says once why all tests are skipped. */
export default function findServer(): void {
  if (SERVER !== undefined) return
  process.stderr.write('Skipped: no MariaDB server is installed (Debian and Ubuntu: mariadb-server-core).\n')
}
