/** Scene of stack cloudflare: a Cloudflare account with a zone, the edge, and Alpa on a host with SSH. */
import { readFileSync } from "node:fs";
import { parse, stringify } from "yaml";
import { PREFIX } from "../../components/alpa/paths";
import { completion, CURL, headerFile } from "./request";
import type { Scene } from "./scene";
import type { Attempt, HeadNodeFacts, WorldFacts } from "./state";

interface StackFile {
    config: Record<string, unknown>;
    [other: string]: unknown;
}

export const cloudflareScene: Scene = {
    tools: ["pulumi"],
    async start(dir, log, { pulumi, onAnswer }) {
        // eslint-disable-next-line @typescript-eslint/no-require-imports -- see Scene.start
        const { startCloudflareWorld } = require("./cloudflare-world") as typeof import("./cloudflare-world");
        return startCloudflareWorld({ tools: await pulumi(), stateDir: dir, onAnswer, log });
    },
    async layOver(shipped, world) {
        return { text: layOver(shipped, world), secrets: { "ssh.privateKey": privateKey(world) } };
    },
    async attempts(dir, outputs, world, text) {
        const { url, credentials } = outputs as { url: string; credentials: Record<string, Pair> };
        return attempts(dir, headNode(world), new URL(url).hostname, credentials, disabledIn(text));
    },
};

interface Pair {
    clientId: string;
    clientSecret: string;
}

/**
 * Returns the text of a stack file with the sandbox's addresses.
 * @param shipped text of the stack file in the clone. That file is not changed
 */
function layOver(shipped: string, world: WorldFacts): string {
    const file = parse(shipped) as StackFile;
    const { account, teamName, host, cloudflared } = headNode(world);
    const { address, user, hostKey, metricsPort } = host;
    const part = (name: string) => file.config[`alpa-auth:${name}`] as object;
    const config = {
        ...file.config,
        "alpa-auth:account": account,
        "alpa-auth:teamName": teamName,
        "alpa-auth:ssh": { ...part("ssh"), user },
        "alpa-auth:alpa": { ...part("alpa"), endpoints: [world.alpa] },
        "alpa-auth:tunnel": {
            ...part("tunnel"),
            ...cloudflared,
            hosts: [{ address, hostKey, metricsPort }],
        },
    };
    return stringify({ ...file, config });
}

function headNode(world: WorldFacts): HeadNodeFacts {
    return world.cloudflare as HeadNodeFacts;
}

function privateKey(world: WorldFacts): string {
    return readFileSync(headNode(world).host.privateKeyFile, "utf8");
}

interface ConsumerInFile {
    name: string;
    credentials?: { id: string; enabled?: boolean }[];
}

/** The service tokens that the stack file disables, each as `<consumer>/<credential>`. */
function disabledIn(text: string): Set<string> {
    const consumers = ((parse(text) as StackFile).config["alpa-auth:consumers"] ?? []) as ConsumerInFile[];
    return new Set(
        consumers.flatMap(({ name, credentials = [] }) =>
            credentials.flatMap(({ id, enabled }) => (enabled === false ? [`${name}/${id}`] : [])),
        ),
    );
}

/**
 * The requests to try. They go to the address of the edge. The edge selects the hostname by the Host header, because the
 * hostname is not in DNS.
 */
function attempts(
    dir: string,
    facts: HeadNodeFacts,
    hostname: string,
    credentials: Record<string, Pair>,
    disabled: Set<string>,
): Attempt[] {
    const host = `'Host: ${hostname}'`;
    const list: Attempt[] = [{ title: "no service token", command: completion(facts.edge, host), expect: 401 }];
    for (const [who, { clientId, clientSecret }] of Object.entries(credentials)) {
        const id = `CF-Access-Client-Id: ${clientId}`;
        const good = headerFile(dir, who, id, `CF-Access-Client-Secret: ${clientSecret}`);
        const wrong = headerFile(dir, `${who}.wrong`, id, "CF-Access-Client-Secret: not-the-secret");
        const command = completion(facts.edge, host, good);
        if (disabled.has(who)) {
            list.push({ title: `service token of ${who}, which is disabled`, command, expect: 401, credential: who });
            continue;
        }
        list.push(
            { title: `service token of ${who}`, command, expect: 200, credential: who },
            { title: `a wrong secret of ${who}`, command: completion(facts.edge, host, wrong), expect: 401 },
            {
                title: "the description of the service",
                command: `${CURL} ${facts.edge}${PREFIX}/ -H ${host} -H ${good}`,
                expect: 200,
            },
            {
                title: "a path without a route",
                command: `${CURL} ${facts.edge}/ -H ${host} -H ${good}`,
                expect: 404,
            },
        );
    }
    return list;
}
