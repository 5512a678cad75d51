// Fetches from one trustless gateway with @helia/verified-fetch. Arguments: the gateway's URL. Input: one JSON object a line
// { url, range }; output: one JSON object a line { status, size, sha256, error }.
import { createHash } from 'node:crypto'
import { createInterface } from 'node:readline'
import { withHTTP } from '@helia/http'
import { createVerifiedFetch } from '@helia/verified-fetch'
import { createHeliaLight } from 'helia'

const gateway = process.argv[2]
const helia = await withHTTP(createHeliaLight(), {
  allowInsecure: true,
  allowLocal: true,
  delegatedRouters: [gateway],
  recursiveGateways: [gateway]
}).start()
const fetch = await createVerifiedFetch(helia)

for await (const line of createInterface({ input: process.stdin })) {
  const { url, range } = JSON.parse(line)
  try {
    const response = await fetch(url, { headers: range == null ? {} : { range }, allowInsecure: true, allowLocal: true, redirect: 'follow' })
    const hash = createHash('sha256')
    let size = 0
    if (response.body != null) {
      for await (const chunk of response.body) {
        hash.update(chunk)
        size += chunk.byteLength
      }
    }
    console.log(JSON.stringify({ status: response.status, size, sha256: hash.digest('hex') }))
  } catch (error) {
    console.log(JSON.stringify({ status: 0, size: 0, error: `${error.name}: ${error.message}` }))
  }
}
await fetch.stop()
await helia.stop()
process.exit(0)
