import { kindOf, ownerIn, type Resource } from "../../resources/resource";
import { map, textOf, UNKNOWN } from "../../resources/values";
import type { Message } from "../rule";

/** `sh -s --` and words without shell syntax. The script with its secrets is passed on standard input. */
const COMMAND_LINE = /^sh -s --((?: (?:[\w./:@=-]+|'(?:[^']|'\\'')*'))*)$/;
const WORD = /(?<= )(?:[\w./:@=-]+|'(?:[^']|'\\'')*')/g;

/** Checks everything of a command except its script, which only the host gets, in standard input. */
export function* commandProblems(resource: Resource): Generator<Message> {
    if (kindOf(resource) !== "Command") return;
    const { props, marked, urn } = resource;
    const { host, port = 22, hostKey } = map(props.connection);
    const place = port === 22 ? host : `${String(host)}-${String(port)}`;
    const isKnown = ![props.connection, host, port].includes(UNKNOWN);
    for (const field of ["create", "update", "delete"]) {
        if (props[field] === undefined) continue;
        const words = [...(COMMAND_LINE.exec(textOf(props[field]))?.[1] ?? "").matchAll(WORD)];
        const [first, owner] = words.map(([word]) => word.replace(/^'(.*)'$/, "$1"));
        if ((isKnown && first !== place) || owner !== ownerIn(urn))
            yield `${field}: must be sh -s -- with the names of host and stack and plain words, since process lists show it. Correct it.`;
    }
    if (textOf(hostKey).trim() === "")
        yield "connection.hostKey: must be set: any host could get the secrets. Correct it.";
    if (typeof marked.stdin === "string")
        yield "stdin: must be secret: pulumi.secret(…), since a script contains secrets. Correct it.";
}
