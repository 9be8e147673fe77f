/** Recordings of Alpa's own client and of Alpa, which are not part of this repository, and the cases about their answers. */
import { strict as assert } from "node:assert";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Client } from "../../../client/typescript/src/index";
import * as errors from "../../../client/typescript/src/errors";
import { credentialOf, type Fields } from "./corpus";
import { sendAnswer, Server } from "./typescript-server";

const shared = process.env.ALPA_AUTH_SHARED ?? join(__dirname, "../../../../shared");
const read = (name: string, otherwise: object) => {
    const file = join(shared, "reference/data/recorded", name);
    return existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : otherwise;
};
export const RECORDED = read("alpa-client.json", { cases: [], sends: [], realServer: [] });
export const ALPA = read("alpa-http.json", { cases: [] });

/** Compares a call's outcome, with and without a credential, with the recorded outcome of Alpa's client. */
export async function runRecorded({ name, error, withoutCredential = error }: Fields): Promise<void> {
    const { gateway, outcome: theirs } = RECORDED.cases.find(({ id }: { id: string }) => id === name);
    // Two servers replace the two hosts of the recordings.
    const [server, other] = await Promise.all([Server.start(), Server.start()]);
    const here = (text: string) =>
        text.replaceAll("http://gateway.example.com", server.url).replaceAll("http://login.example.net", other.url);
    const answer = gateway === null ? { body: theirs.returned } : JSON.parse(here(JSON.stringify(gateway)));
    server.respond = (_, { socket }) => sendAnswer(socket!, name === "connection-dropped" ? { raw: "" } : answer);
    const addition = { "url-trailing-slash": "/ok/", "url-query": "/ok?apikey=x" }[name as string] ?? "/ok";
    try {
        for (const spec of [null, "a key", "a token", "a service token", "one header"]) {
            server.clear();
            const auth = credentialOf(spec);
            const call = async () =>
                new Client({ url: server.url + addition, auth, maxAttempts: 1 }).completions("Paris is");
            const result: any = await call().catch((thrown: unknown) => thrown);
            const expected = spec === null ? withoutCredential : error;
            if (expected === undefined) assert.deepEqual(result, theirs.returned);
            else assert.equal(result.name, expected, String(result));
            assert.equal(other.connections, 0, "nothing is sent to a second host");
            assert.equal(server.seen.length, name === "url-query" ? 0 : 1, "nothing twice");
            if (name === "url-query") continue;
            assert.equal(server.seen[0].url, "/ok/completions", "one slash, where Alpa's client doubles it");
            for (const [header, value] of Object.entries((await auth?.headers()) ?? {}))
                assert.equal(server.seen[0].headers[header.toLowerCase()], value);
            if (result instanceof errors.AlpaError) {
                const text = `${result.stacktrace}RuntimeError("${/: "(.*)"\. /.exec(result.message)![1]}")`;
                assert.equal(text, theirs.raised.text, "it contains the message of Alpa's client");
            }
        }
    } finally {
        await Promise.all([server.close(), other.close()]);
    }
}
