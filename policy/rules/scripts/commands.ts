import { ownerIn, type Resource } from "../../resources/resource";
import { at, isUnknown, list, map } from "../../resources/values";
import type { Message } from "../rule";

/** `sh -s --` and words without shell syntax. The script with its secrets is passed on standard input. */
const COMMAND_LINE = /^sh -s --((?: (?:[\w./:@=-]+|'(?:[^']|'\\'')*'))*)$/;
const WORD = /(?<= )(?:[\w./:@=-]+|'(?:[^']|'\\'')*')/g;

/** Everything of a command except its script: nobody but the host gets it, and only in standard input. */
export function commandProblems(resource: Resource): Message[] {
    const { type, props, marked } = resource;
    if (!/^command:/.test(type)) return [];
    const key = at(props, "connection.hostKey");
    const lines = ["create", "update", "delete"].filter((field) => {
        const line = props[field];
        return line !== undefined && !isUnknown(line) && !isOwnLine(resource, String(line));
    });
    return [
        ...lines.map(
            (field) =>
                `${field}: must be sh -s -- followed by the names of host and stack, and plain words. Previews and process lists show it. Pass other text in stdin, as a secret.`,
        ),
        ...(isUnknown(key) || (typeof key === "string" && key.trim() !== "")
            ? []
            : ["connection.hostKey: is missing: any host that answers would get the secrets in stdin. Add it."]),
        ...(isUnknown(props.logging) || props.logging === "none"
            ? []
            : ["logging: must be none: logs must not show what a script prints. Set it."]),
        ...(props.addPreviousOutputInEnv === true
            ? ["addPreviousOutputInEnv: must be false: process lists show environment variables. Set it."]
            : []),
        ...(typeof marked.stdin === "string"
            ? ["stdin: must be secret, since a script contains secrets. Write pulumi.secret(…)."]
            : []),
        ...(Object.keys(map(props.environment)).length > 0
            ? ["environment: must be empty: process lists show environment variables. Pass them in stdin, as a secret."]
            : []),
        ...(list(props.assets).length > 0 ? ["assets: must be empty. Remove it."] : []),
    ];
}

function isOwnLine({ urn, props }: Resource, line: string): boolean {
    const [place, owner] = [...(COMMAND_LINE.exec(line)?.[1] ?? "").matchAll(WORD)].map(([word]) =>
        word.replace(/^'(.*)'$/, "$1"),
    );
    const { host, port = 22 } = map(props.connection);
    const isPlace = [host, port].some(isUnknown) || place === (port === 22 ? host : `${String(host)}-${String(port)}`);
    return isPlace && owner === ownerIn(urn);
}
