// Reads a CAR with @ipld/car and hashes every block; prints the seconds that it took, Node's start left out.
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { CarBlockIterator } from '@ipld/car'

const start = process.hrtime.bigint()
let blocks = 0
const car = await CarBlockIterator.fromIterable(createReadStream(process.argv[2], { highWaterMark: 1 << 20 }))
for await (const { cid, bytes } of car) {
  const digest = createHash('sha256').update(bytes).digest()
  if (cid.multihash.code !== 0x12 || !digest.equals(cid.multihash.digest)) throw new Error(`block ${cid} is damaged`)
  blocks++
}
if (blocks === 0) throw new Error('the CAR is empty')
console.log(`seconds=${Number(process.hrtime.bigint() - start) / 1e9}`)
