/**
 * Replaces values that each run of the sandbox generates by numbered values, so that each run records the same text.
 */
import { UNKNOWN_TEXT } from "../../policy/resources/values";
import type { ResourceState } from "../../ops/stack/review/preview";
import type { Recording } from "./recording";

const ED25519 = "AAAAC3NzaC1lZDI1NTE5AAAAI";

/**
 * For each kind of generated value: its pattern, and a function that returns a numbered value of the same length and
 * syntax. The first group of the pattern is not replaced.
 */
const KINDS: [pattern: RegExp, numbered: (n: string, generated: string) => string][] = [
    [new RegExp(`(${ED25519})([\\w+/]{43})`, "g"), (n) => n.padStart(43, "A")],
    // Ids and digests, but not the digest of an image, which is a version.
    [
        /(\b(?<!sha256:))([\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}|(?=[a-f]*\d)(?=\d*[a-f])[\da-f]{10,64})\b/g,
        (n, { length }) => (length === 36 ? `00000000-0000-4000-8000-${n.padStart(12, "0")}` : n.padStart(length, "0")),
    ],
];

/** The previews of one run, with numbered values instead of the generated ones. */
export function withoutGenerated(previews: Recording): Recording {
    const entries = Object.entries(previews).map(([what, { made: _, steps, ...preview }]) => {
        const named = steps.map((step) => (step.oldState ? { ...step, oldState: withoutSuffix(step.oldState) } : step));
        return [what, { ...preview, steps: named }];
    });
    let text = JSON.stringify(entries);
    for (const [pattern, numbered] of KINDS) {
        const known = new Map<string, string>([[UNKNOWN_TEXT, UNKNOWN_TEXT]]);
        text = text.replaceAll(pattern, (_, before: string, generated: string) => {
            if (!known.has(generated)) known.set(generated, numbered(String(known.size), generated));
            return before + known.get(generated)!;
        });
    }
    const ports = portsOf(previews);
    text = text.replaceAll(/\b\d{5}\b/g, (port) => ports.get(port) ?? port);
    const result = Object.fromEntries(JSON.parse(text) as [string, Omit<Recording[string], "made">][]);
    return Object.fromEntries(
        Object.keys(previews).map((what) => [what, { made: previews[what].made, ...result[what] }]),
    );
}

/** Replaces the eight random digits that providers append to a resource's name for its id. */
function withoutSuffix(state: ResourceState): ResourceState {
    const name = state.urn.split("::").at(-1)!;
    const { id = "" } = state;
    const random = id.startsWith(name) && /^[\da-f]{8}$/.test(id.slice(name.length));
    return random ? { ...state, id: `${name}-${"0".repeat(8)}` } : state;
}

/**
 * The fixed port that replaces each port of the run in the recording. The run took free ports, for addresses of this
 * machine and as NodePorts.
 */
function portsOf(previews: Recording): Map<string, string> {
    const text = JSON.stringify(Object.values(previews).map(({ before, config }) => ({ before, config })));
    const ports = new Map<string, string>();
    const number = (pattern: RegExp, first: number) => {
        const found = new Set([...text.matchAll(pattern)].map(([, port]) => port));
        [...found].filter((port) => !ports.has(port)).forEach((port, i) => ports.set(port, String(first + i)));
    };
    number(/\b127(?:\.\d+){3}:(\d{5})\b/g, 25_001);
    number(/\\"\w*[pP]ort\\":(\d{5})\b/g, 30_501);
    return ports;
}
