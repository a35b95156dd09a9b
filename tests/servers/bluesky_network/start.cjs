// Bluesky's own development network on free ports of this machine. Says where it is in one line of JSON; each line it is then
// sent lets everything that is under way between its servers arrive, and is answered; it ends with its input.
const { createInterface } = require('node:readline')
const getPort = require('get-port')
const { TestNetwork } = require('@atproto/dev-env')

async function main() {
  const port = await getPort()
  const network = await TestNetwork.create({
    dbPostgresSchema: 'network',
    pds: { hostname: 'localhost' },
    bsky: { port, publicUrl: `http://localhost:${port}` },
  })
  console.log(JSON.stringify({ pds: network.pds.url, appview: network.bsky.url, ozone: network.ozone.url, by: network.ozone.ctx.cfg.service.did }))
  for await (const line of createInterface({ input: process.stdin })) {
    await network.processAll()
    console.log(JSON.stringify({ arrived: line }))
  }
  await network.close()
}

main().then(() => process.exit(0), (error) => { console.error(error); process.exit(1) })
