// A gateway wrapped around Helia: holds the blocks of the CARs named as arguments and answers HTTP through @helia/verified-fetch.
// Prints its URL; ends when standard input ends.
import { createReadStream } from 'node:fs'
import { createServer } from 'node:http'
import { Readable } from 'node:stream'
import { createVerifiedFetch } from '@helia/verified-fetch'
import { CarBlockIterator } from '@ipld/car'
import { MemoryBlockstore } from 'blockstore-core/memory'
import { createHeliaLight } from 'helia'

const blockstore = new MemoryBlockstore()
const helia = await createHeliaLight({ blockstore }).start()
for (const path of process.argv.slice(2)) {
  for await (const { cid, bytes } of await CarBlockIterator.fromIterable(createReadStream(path))) {
    await helia.blockstore.put(cid, bytes)
  }
}
const fetch = await createVerifiedFetch(helia)

const server = createServer(async (request, response) => {
  try {
    const url = new URL(request.url, 'http://gateway')
    const headers = {}
    for (const name of ['accept', 'range', 'if-none-match', 'cache-control']) {
      if (request.headers[name] != null) headers[name] = request.headers[name]
    }
    const answer = await fetch(`ipfs://${url.pathname.slice('/ipfs/'.length)}${url.search}`, { method: request.method, headers, offline: true, session: false })
    response.writeHead(answer.status, Object.fromEntries(answer.headers))
    if (answer.body == null) {
      response.end()
    } else {
      Readable.fromWeb(answer.body).on('error', () => response.destroy()).pipe(response)
    }
  } catch (error) {
    response.writeHead(error.name === 'NotFoundError' || /not found/i.test(error.message) ? 404 : 500)
    response.end(`${error.name}: ${error.message}`)
  }
})
server.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}`))
process.stdin.resume().on('end', () => process.exit(0))
