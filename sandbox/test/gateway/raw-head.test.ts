/** Proves how the gateway handles request heads that Node's own parser would reject or interpret differently. */
import assert from "node:assert/strict";
import { connect } from "node:net";
import { Kit } from "./kit";

const JSON_ONLY = { type: "string", pattern: "^(?i)application/json *$" };
const GOOD = '{"model":"default"}';
const SHAPED = '{"type":"error"}';
/** With these plugins, every request is answered with 404, and the body of each error is replaced. */
const CLOSED = {
    "fault-injection": { abort: { http_status: 404, body: "closed" } },
    "response-rewrite": { vars: [["status", ">=", 400]], body: SHAPED },
};

describe("Heads of requests", () => {
    let kit: Kit;
    before(async () => {
        kit = await Kit.start();
        const schema = { type: "object", required: ["content-type"], properties: { "content-type": JSON_ONLY } };
        const checked = { header_schema: schema, body_schema: { type: "object" } };
        const plugins = { "request-validation": checked, "response-rewrite": CLOSED["response-rewrite"] };
        await kit.put("/routes/open", { uri: "/completions", plugins, upstream: kit.target });
        await kit.put("/routes/closed", { uri: "/*", priority: -1, plugins: CLOSED, upstream: kit.target });
    });
    after(() => kit.stop());

    /** Sends this text, one byte for each character. @returns the whole answer */
    const sent = (text: string) =>
        new Promise<string>((resolve, reject) => {
            const socket = connect(kit.gateway.port, "127.0.0.1", () => socket.write(text, "latin1"));
            let answer = "";
            socket.on("data", (chunk) => (answer += chunk.toString("latin1")));
            socket.on("end", () => resolve(answer));
            socket.on("error", reject);
        });
    const post = (headers: string[], body = GOOD) =>
        [
            "POST /completions HTTP/1.1",
            "Host: llm.example.com:8443",
            ...headers,
            `Content-Length: ${body.length}`,
            "Connection: close",
            "",
            body,
        ].join("\r\n");
    const statusOf = (answer: string) => Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1]);

    for (const type of ["application/json\t", "\tapplication/json", "application/json \t "])
        it(`may have a tab as part of a value: ${JSON.stringify(type)}`, async () => {
            const answer = await sent(post([`Content-Type:${type}`]));
            assert.equal(statusOf(answer), 400);
            assert.ok(answer.includes(SHAPED));
        });

    it("lose spaces around a value, and keep tabs in other values", async () => {
        assert.equal(statusOf(await sent(post(["Content-Type:  application/json  ", "X-Other: a\tb"]))), 200);
    });

    for (const number of ["NaN", "Infinity", "1e400"])
        it(`get 500 in the usual format for ${number} in a body, which cannot be encoded again`, async () => {
            const answer = await sent(post(["Content-Type: application/json"], `{"a":${number}}`));
            assert.equal(statusOf(answer), 500);
            assert.ok(answer.includes(SHAPED));
        });

    for (const coding of ["gzip", "gzip, chunked", "chunked, chunked"])
        it(`get nginx's 501 for the transfer coding ${coding}`, async () => {
            const head = [
                "POST /completions HTTP/1.1",
                "Host: h",
                `Transfer-Encoding: ${coding}`,
                "Connection: close",
                "",
                "",
            ];
            const answer = await sent(`${head.join("\r\n")}0\r\n\r\n`);
            assert.equal(statusOf(answer), 501);
            assert.ok(answer.includes("<center>openresty</center>"));
        });

    it("are routed with an unknown method like others, but rejected with a method in lower case", async () => {
        const request = (method: string) => sent(`${method} /x HTTP/1.1\r\nHost: h\r\n\r\n`);
        assert.match(await request("FOO"), /^HTTP\/1\.1 404 [^]*{"type":"error"}/);
        assert.equal(statusOf(await request("foo")), 400);
    });

    it("are routed with bytes beyond ASCII in the target like others", async () => {
        assert.match(
            await sent("GET /caf\xc3\xa9 HTTP/1.1\r\nHost: h\r\n\r\n"),
            /^HTTP\/1\.1 404 [^]*{"type":"error"}/,
        );
    });

    it("send the upstream the port of the Host header, or the gateway's own port if the header has none", async () => {
        for (const [host, port] of [
            ["llm.example.com:8443", "8443"],
            ["llm.example.com", String(kit.gateway.port)],
        ]) {
            kit.upstream.seen.length = 0;
            await kit.send(
                "/completions",
                { "Content-Type": "application/json" },
                { method: "POST", body: GOOD, host },
            );
            assert.equal(kit.upstream.seen[0].headers["x-forwarded-port"], port);
        }
    });
});
