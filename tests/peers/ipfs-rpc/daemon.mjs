// js-ipfs, offline, with its RPC on a free port of the loopback interface. Argument: a folder for its repository. Prints the RPC's
// URL; ends when standard input ends.
import { create } from 'ipfs-core'
import { HttpApi } from 'ipfs-http-server'

const ipfs = await create({
  repo: process.argv[2],
  offline: true,
  silent: true,
  init: { emptyRepo: true, algorithm: 'Ed25519' },
  config: {
    Addresses: { Swarm: [], API: '/ip4/127.0.0.1/tcp/0', Gateway: '' },
    Bootstrap: [],
    Discovery: { MDNS: { Enabled: false }, webRTCStar: { Enabled: false } }
  }
})
const api = new HttpApi(ipfs)
await api.start()
console.log(api._apiServers[0].info.uri)
process.stdin.resume().on('end', () => process.exit(0))
