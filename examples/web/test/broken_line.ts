// A line to a server that can be cut, as networks are.
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

export interface Line {
  /** The server's address by way of this line. */
  url: string
  /** How often somebody connected. */
  readonly connections: number
  /** End every connection in the middle of whatever it carries, and take no more. */
  cut(): void
  mend(): void
  close(): Promise<void>
}

export async function lineTo(address: string): Promise<Line> {
  const far = new URL(address)
  const ends = new Set<Socket>()
  let isCut = false
  let connections = 0
  const server = createServer((near) => {
    if (isCut) return void near.destroy()
    connections += 1
    const there = connect(Number(far.port), far.hostname)
    for (const [end, other] of [
      [near, there],
      [there, near],
    ] as const) {
      ends.add(end)
      end.pipe(other)
      end.on('error', () => other.destroy())
      end.on('close', () => {
        ends.delete(end)
        other.destroy()
      })
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = new URL(far)
  function cut(): void {
    isCut = true
    for (const end of ends) end.destroy()
  }
  url.port = String((server.address() as AddressInfo).port)
  return {
    url: url.href,
    get connections() {
      return connections
    },
    cut,
    mend() {
      isCut = false
    },
    async close() {
      cut()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
