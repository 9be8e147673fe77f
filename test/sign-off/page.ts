/** One page below docs/reference/sign-off, which an operator prints and gets signed before callers use the service. */
import { stringify } from "yaml";
import { EVENTS, type SignedOption } from "./events";
import type { Figures } from "./measured";
import { code, table } from "./resources";

export interface Sections {
    /** Config of the page's stack, without secrets. */
    config: Record<string, unknown>;
    ports: string;
    protocols: string;
    identities: string;
    secrets: string;
}

/** @param measured figures of the option, by event */
export function signOffPage(option: SignedOption, sections: Sections, measured: Record<string, Figures> = {}): string {
    return `# Sign-off of option ${option}

What callers notice, and which ports, protocols, identities and secrets there are: for those who approve the downtime and the security policies.
Print this page, and compare it with your stack: \`npm run ops -- stack graph\`, [configuration](../keys.md), [security](../../evaluate/security.md).

<!-- Generated: npm run golden -->

Config of the objects that it is made of, besides names, addresses and callers:

\`\`\`yaml
${stringify(sections.config, { lineWidth: 0 }).trim()}
\`\`\`

## Downtime

Measured in the sandbox, with callers who ask all the time: Pulumi, the Kubernetes API and its controllers are real there, gateway, edge, hosts and Alpa are emulated unless
real programs are installed. How often requests fail is shown by that, and not how long your nodes take. Figures are in [measured.json](measured.json), by the test that
wrote them: \`ALPA_AUTH_MEASURE=1 npm test -- engine chaos\`.

${downtime(option, measured)}

## Ports

${sections.ports}

## Protocols and ciphers

${sections.protocols}

## Identities

${sections.identities}

## Secrets

${sections.secrets}

## Signatures

${table(
    ["What is approved", "Value", "Name", "Date", "Signature"],
    [
        ["Longest downtime of the set-up and cut-over", "", "", "", ""],
        ["Longest downtime of an upgrade or rollback", "", "", "", ""],
        ["Ports and networks", "", "", "", ""],
        ["Protocols, ciphers and security policies", "", "", "", ""],
        ["Identities and who can read secrets", "", "", "", ""],
    ],
)}
`;
}

function downtime(option: SignedOption, measured: Record<string, Figures>): string {
    const stray = Object.keys(measured).filter((event) => EVENTS[option][event]?.measuredBy === undefined);
    if (stray.length > 0) throw new Error(`measured.json has figures of no event of ${option}: ${stray.join()}`);
    return table(
        ["When", "What callers notice", "Measured"],
        Object.entries(EVENTS[option]).map(([id, { title, notice, measuredBy, unmeasured = "no test does" }]) => [
            title,
            notice,
            measured[id] ? figuresInWords(measured[id]) : measuredBy ? `not yet: ${code(measuredBy)}` : unmeasured,
        ]),
    );
}

function figuresInWords({ requests, failed, seconds = {}, on, by }: Figures): string {
    const more = Object.entries(seconds).map(([what, value]) => `; ${value} s ${what}`);
    return `${failed} of ${requests} requests failed${more.join("")} (\`${by}\`, ${on})`;
}
