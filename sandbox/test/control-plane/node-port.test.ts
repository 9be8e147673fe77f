// Proves which source address a pod sees on connections through a node port.
import { strict as assert } from "node:assert";
import { connect, createServer, type AddressInfo } from "node:net";
import { once } from "node:events";
import { freePort } from "../../processes";
import { openNodePort } from "../../control-plane/node-port";

// On systems other than Linux, loopback addresses such as 127.0.0.2 must be added first.
if (process.platform === "linux")
    describe("a node port", () => {
        for (const [what, from, seen] of [
            ["the node's address", "127.0.0.2", "127.0.0.2"],
            ["this machine's, where none is configured", undefined, "127.0.0.1"],
        ] as const)
            it(`shows its pods ${what}`, async () => {
                const pod = createServer((socket) => void socket.end(String(socket.remoteAddress)));
                await new Promise<void>((resolve) => pod.listen(0, "127.0.0.1", resolve));
                const backend = (pod.address() as AddressInfo).port;
                const port = await freePort();
                const nodePort = await openNodePort(port, () => ({ pod: "pod", port: backend }), "127.0.0.1", from);
                const [said] = (await once(connect(port, "127.0.0.1"), "data")) as [Buffer];
                assert.equal(said.toString(), seen);
                await nodePort.close();
                await new Promise((resolve) => pod.close(resolve));
            });
    });
