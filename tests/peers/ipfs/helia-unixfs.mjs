// Reads through Helia and its UnixFS from one trustless gateway. Arguments: the gateway's URL. Input: one JSON object a line
// { op: 'cat' | 'ls' , cid, offset, length }; output: one JSON object a line.
import { createHash } from 'node:crypto'
import { createInterface } from 'node:readline'
import { withHTTP } from '@helia/http'
import { unixfs } from '@helia/unixfs'
import { createHeliaLight } from 'helia'
import { CID } from 'multiformats/cid'

const helia = await withHTTP(createHeliaLight(), {
  allowInsecure: true,
  allowLocal: true,
  delegatedRouters: [process.argv[2]],
  recursiveGateways: [process.argv[2]]
}).start()
const fs = unixfs(helia)

for await (const line of createInterface({ input: process.stdin })) {
  const job = JSON.parse(line)
  const started = performance.now()
  try {
    if (job.op === 'ls') {
      const names = []
      for await (const entry of fs.ls(CID.parse(job.cid))) {
        names.push(entry.name)
      }
      console.log(JSON.stringify({ names, ms: performance.now() - started }))
    } else {
      const hash = createHash('sha256')
      let size = 0
      for await (const chunk of fs.cat(CID.parse(job.cid), { offset: job.offset, length: job.length })) {
        if (job.hash !== false) hash.update(chunk)
        size += chunk.byteLength
      }
      console.log(JSON.stringify({ size, sha256: hash.digest('hex'), ms: performance.now() - started }))
    }
  } catch (error) {
    console.log(JSON.stringify({ error: `${error.name}: ${error.message}` }))
  }
}
await helia.stop()
process.exit(0)
