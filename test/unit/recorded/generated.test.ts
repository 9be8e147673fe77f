// Proves that two runs of the same program record the same text. Equal values stay equal, and different values stay
// different.
import { strict as assert } from "node:assert";
import { UNKNOWN_TEXT } from "../../../policy/resources/values";
import { reportParts } from "../../../sandbox/real/choice";
import { withoutGenerated } from "../../recorded/generated";
import { realIn } from "../../recorded/made";

const urn = "urn:pulumi:s::alpa-auth::command:remote:Command::node-10.0.0.1";

/** Generated values of one run. */
interface Run {
    ids: [string, string];
    digest: string;
    hostKey: string;
    ports: [number, number];
    suffix: string;
}

const recording = ({ ids: [first, second], digest, hostKey, ports: [alpa, node], suffix }: Run) => {
    const config = {
        "alpa-auth:alpa": JSON.stringify({ endpoints: [`127.0.0.1:${alpa}`] }),
        "alpa-auth:gateway": JSON.stringify({ nodePort: node }),
    };
    const inputs = {
        first,
        second,
        again: first,
        digest,
        hostKey: `ssh-ed25519 ${hostKey}`,
        run: `'alpa=${alpa}'`,
        node,
    };
    return {
        change: {
            made: { date: "2026-11-28", pulumi: "v3.274.1", program: "5c4f99cb8a974ca13b720d1540577b1ee9b87aa2" },
            before: config,
            config,
            steps: [
                {
                    op: "delete",
                    urn,
                    oldState: { urn, type: "command:remote:Command", id: `node-10.0.0.1${suffix}`, inputs },
                },
            ],
        },
    };
};
const hostKey = (end: string) => `AAAAC3NzaC1lZDI1NTE5AAAAI${end.padStart(43, "x")}`;
const RUN: Run = {
    ids: ["a6937fc2-9721-4bc0-8b2d-a4f34e87be78", "8f582e4256b68bc41b6c4b3c68b07359"],
    digest: "f181ba255b10",
    hostKey: hostKey("1"),
    ports: [23254, 30901],
    suffix: "601d8abd",
};
const OTHER: Run = {
    ids: ["60a2f6cb-9249-b966-5b11-7500a73da85d", "250573640ebc4b1484e769829ad08302"],
    digest: "767eda5d114f",
    hostKey: hostKey("2"),
    ports: [45319, 30907],
    suffix: "296416fa",
};
const inputsOf = (run: Run) => withoutGenerated(recording(run)).change.steps[0].oldState!.inputs!;

describe("generated values of a recording", () => {
    it("are the same for every run", () => {
        assert.deepEqual(withoutGenerated(recording(RUN)), withoutGenerated(recording(OTHER)));
    });

    it("are equal where they were equal, and different where they were different", () => {
        const { first, second, again, digest } = inputsOf(RUN);
        assert.equal(again, first);
        assert.equal(new Set([first, second, digest]).size, 3);
    });

    it("have the syntax that rules check", () => {
        const { first, second, digest, hostKey } = inputsOf(RUN);
        assert.match(String(first), /^[\da-f]{8}-([\da-f]{4}-){3}[\da-f]{12}$/);
        assert.match(String(second), /^[\da-f]{32}$/);
        assert.match(String(digest), /^[\da-f]{12}$/);
        assert.equal(String(hostKey).length, "ssh-ed25519 ".length + 68);
    });

    it("are replaced in commands and inputs too", () => {
        const { run, node } = inputsOf(RUN);
        assert.deepEqual({ run, node }, { run: "'alpa=25001'", node: 30501 });
    });

    for (const [what, value] of [
        ["a value that is not known yet", UNKNOWN_TEXT],
        ["the digest of an image", `apache/apisix@sha256:${"0a".repeat(32)}`],
        ["a digest of limits, which the policy pack computes", "review-60-per-60s-7cb7c5f5"],
    ])
        it(`do not include ${what}`, () => assert.equal(inputsOf({ ...RUN, digest: value }).digest, value));

    it("do not include the field that says how the recording was made", () => {
        const { made } = recording(RUN).change;
        assert.deepEqual(withoutGenerated(recording(RUN)).change.made, made);
    });
});

describe("origin of a recorded preview", () => {
    it("names each real part with its version, and no emulator", () => {
        const parts = reportParts({ "cloudflare-provider": { version: "6.22.1", paths: {} } });
        assert.deepEqual(realIn(parts), { real: { "cloudflare-provider": "6.22.1" } });
    });

    it("names no parts where all were emulators", () => assert.deepEqual(realIn(reportParts({})), {}));
});
