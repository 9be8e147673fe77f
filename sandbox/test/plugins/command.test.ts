// Proves the command provider's rules over its protocol, against an SSH server of the sandbox. The rules are from the
// released provider's public source. The SSH connection is real.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { newKey, publicLine } from "../../hosts";
import { serveSsh } from "../../hosts/ssh-server";
import { commandService } from "../../plugins/command/service";
import { isSecret, plain, type ProviderClient, providerClient, type Values } from "./provider-client";

const urnOf = (type: string) => `urn:pulumi:dev::proj::${type}::res`;
const COMMAND = "command:remote:Command";

describe("command provider", () => {
    const host = newKey();
    const user = newKey();
    let provider: ProviderClient;
    let ssh: Awaited<ReturnType<typeof serveSsh>>;
    let connection: Values;

    before(async () => {
        ssh = await serveSsh({
            address: "127.0.0.1",
            port: 0,
            hostKey: host,
            users: ["ops"],
            authorizedKey: publicLine(user),
            run: (_user, command) => spawn("/bin/sh", ["-c", command], { detached: true }),
        });
        connection = {
            host: "127.0.0.1",
            port: ssh.port,
            user: "ops",
            privateKey: user,
            hostKey: publicLine(host),
            dialErrorLimit: 0,
            perDialTimeout: 5,
        };
        provider = await providerClient(commandService(), urnOf);
    });
    after(async () => {
        provider.close();
        await ssh.close();
    });

    const create = (inputs: Values, preview = false) => provider.create(COMMAND, { connection, ...inputs }, preview);

    it("runs create with stdin, and keeps its output without the final line break", async () => {
        const { id, state } = await create({ create: "cat; echo err >&2", stdin: "hello\n" });
        assert.match(id, /^res[0-9a-f]{8}$/);
        assert.deepEqual([state.stdout, state.stderr], ["hello", "err"]);
    });

    it("marks the connection secret, whatever the program sets, and runs `create` again for each change", async () => {
        const { state } = await create({ create: "true" });
        assert.ok(isSecret(state.connection));
        const { stdout: _out, stderr: _err, ...inputs } = plain(state);
        const changed = { ...inputs, create: "echo again" };
        assert.deepEqual(await provider.diff(COMMAND, state, inputs), { changes: [], replaces: [] });
        assert.deepEqual(await provider.diff(COMMAND, state, changed), { changes: ["create"], replaces: [] });
        assert.equal((await provider.update(COMMAND, state, changed)).stdout, "again");
    });

    it("fails with the command, its exit code and all its output", async () => {
        await assert.rejects(
            create({ create: "echo one; echo two >&2; exit 3" }),
            /Process exited with status 3: running "echo one; echo two >&2; exit 3":\n(one\ntwo|two\none)\n/,
        );
    });

    describe("fails to connect", () => {
        const strange = newKey();
        const refused: [why: string, change: () => Values, said: RegExp][] = [
            [
                "with another key",
                () => ({ privateKey: strange }),
                /after 0 failed attempts: ssh: handshake failed: ssh: unable to authenticate/,
            ],
            [
                "to a host with another key",
                () => ({ hostKey: publicLine(strange) }),
                /ssh: handshake failed: ssh: host key mismatch/,
            ],
            ["with an invalid key", () => ({ privateKey: "secret text" }), /ssh: cannot parse private key/],
            ["with an invalid host key", () => ({ hostKey: "SHA256:abc" }), /ssh: no key found/],
        ];
        for (const [why, change, said] of refused) {
            it(why, async () => {
                await assert.rejects(
                    create({ create: "true", connection: { ...connection, ...change() } }),
                    (error: Error) => {
                        assert.match(error.message, said);
                        assert.doesNotMatch(error.message, /secret text|BEGIN/);
                        return true;
                    },
                );
            });
        }
    });

    it("rejects other inputs, without their values, and commands on this machine", async () => {
        const given = { connection: { host: "a", password: "secret" }, environment: {}, addPreviousOutputInEnv: false };
        const { problems } = await provider.check(COMMAND, given);
        assert.match(
            problems.join(),
            /environment is unsupported.*connection\.password is unsupported.*a connection without hostKey is unsupported/,
        );
        assert.doesNotMatch(problems.join(), /secret/);
        await assert.rejects(provider.create("command:local:Command", {}), /unsupported by the sandbox: command:local/);
    });
});
