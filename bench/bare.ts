import { get } from 'node:http'

/** The minimum: one request for a job, with Node.js only. `node bare.ts URL TOKEN` */
const [url = '', token = ''] = process.argv.slice(2)
get(url, { headers: { 'X-Auth-Token': token } }, (response) => {
  let body = ''
  response.setEncoding('utf8')
  response.on('data', (text: string) => (body += text))
  response.on('end', () => {
    const { job } = JSON.parse(body) as { job: { status: string } }
    process.exit(job.status === 'Completed' ? 0 : 1)
  })
})
