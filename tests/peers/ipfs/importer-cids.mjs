// Names files as ipfs-unixfs-importer does. Input: one JSON object a line { path, chunk, width, rawLeaves, cidVersion, layout };
// output: one CID a line, in the same order.
import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { BlackHoleBlockstore } from 'blockstore-core/black-hole'
import { importer } from 'ipfs-unixfs-importer'
import { fixedSize } from 'ipfs-unixfs-importer/chunker'
import { balanced, trickle } from 'ipfs-unixfs-importer/layout'

for await (const line of createInterface({ input: process.stdin })) {
  const job = JSON.parse(line)
  const options = {
    cidVersion: job.cidVersion,
    rawLeaves: job.rawLeaves,
    // The trickle layout as Kubo does it: leaves of type Raw, and a root even above a single leaf.
    reduceSingleLeafToSelf: job.layout !== 'trickle',
    leafType: job.layout === 'trickle' ? 'raw' : 'file',
    chunker: fixedSize({ chunkSize: job.chunk }),
    layout: job.layout === 'trickle' ? trickle({ maxChildrenPerNode: job.width, layerRepeat: 4 }) : balanced({ maxChildrenPerNode: job.width }),
    wrapWithDirectory: false
  }
  let root
  for await (const entry of importer([{ content: createReadStream(job.path) }], new BlackHoleBlockstore(), options)) {
    root = entry.cid
  }
  console.log(root.toString())
}
