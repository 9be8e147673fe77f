/**
 * Runs `consumer handout --out` for the credentials of a world, with a fake Pulumi that returns the stack's outputs.
 */
import { strict as assert } from "node:assert";
import { join } from "node:path";
import { stringify } from "yaml";
import { bench } from "../ops/kit";
import { KEY, publicPem, SECRET, type KeyPair } from "./kit";

interface Given {
    gateway: string;
    edge: string;
    pairs: Record<"rs" | "es" | "ed", KeyPair>;
    token: { clientId: string; clientSecret: string };
}

/** @returns names of files in `folder`, by the credential's id */
export async function handedOut(folder: string, { gateway, edge, pairs, token }: Given) {
    const { rs, es, ed } = pairs;
    const atGateway = write(folder, "intra-a", [
        { id: "key", method: "key", expires: "2099-01-31" },
        { id: "hs", method: "jwt", algorithm: "HS256" },
        { id: "rs", method: "jwt", algorithm: "RS256", publicKey: publicPem(rs) },
        { id: "es", method: "jwt", algorithm: "ES256", publicKey: publicPem(es) },
        { id: "ed", method: "jwt", algorithm: "EdDSA", publicKey: publicPem(ed) },
    ]);
    const outputs = { url: gateway, credentials: { "team/key": KEY }, jwtSecrets: { "team/hs": SECRET } };
    const atEdge = write(folder, "cloudflare", [{ id: "edge", method: "service-token" }]);
    const [key, hs, ofRs, ofEs, ofEd] = await atGateway(["key", "hs", "rs", "es", "ed"], outputs);
    const [ofEdge] = await atEdge(["edge"], { url: edge, credentials: { "team/edge": token } });
    return { key, hs, rs: ofRs, es: ofEs, ed: ofEd, edge: ofEdge };
}

function write(folder: string, option: string, credentials: object[]) {
    const config = { "alpa-auth:option": option, "alpa-auth:consumers": [{ name: "team", credentials }] };
    return (ids: string[], outputs: object) =>
        Promise.all(
            ids.map(async (id) => {
                const { ops } = bench({ text: stringify({ config }), outputs });
                const file = join(folder, `handed-out-${id}.md`);
                const { code, note } = await ops("consumer", "handout", "team", id, "--out", file);
                assert.equal(code, 0, note);
                return file;
            }),
        );
}
