import { ownerIn, type Resource } from "../../resources/resource";
import { at, isUnknown, list, map, textOf } from "../../resources/values";
import type { Message } from "../rule";

/** `sh -s --` and words without shell syntax. The script with its secrets is passed on standard input. */
const COMMAND_LINE = /^sh -s --((?: (?:[\w./:@=-]+|'(?:[^']|'\\'')*'))*)$/;
const WORD = /(?<= )(?:[\w./:@=-]+|'(?:[^']|'\\'')*')/g;

/** Checks everything of a command except its script, which only the host gets, in standard input. */
export function commandProblems(resource: Resource): Message[] {
    const { type, props, marked } = resource;
    if (!type.startsWith("command:")) return [];
    const key = at(props, "connection.hostKey");
    const { logging } = props;
    const lines = ["create", "update", "delete"].filter((field) => {
        const line = props[field];
        return line !== undefined && !isUnknown(line) && !isOwnLine(resource, String(line));
    });
    const wrong: [where: string, isWrong: boolean, what: string][] = [
        ...lines.map((line): [string, boolean, string] => [line, true, LINE]),
        ["connection.hostKey", !isUnknown(key) && textOf(key).trim() === "", "set: any host could get the secrets"],
        ["logging", !isUnknown(logging) && logging !== "none", "none: logs must not show what a script prints"],
        ["addPreviousOutputInEnv", props.addPreviousOutputInEnv === true, `false: ${LISTED}`],
        ["environment", Object.keys(map(props.environment)).length > 0, `empty: ${LISTED}`],
        ["stdin", typeof marked.stdin === "string", "secret: pulumi.secret(…), since a script contains secrets"],
        ["assets", list(props.assets).length > 0, "empty"],
    ];
    return wrong.filter(([, isWrong]) => isWrong).map(([where, , what]) => `${where}: must be ${what}. Correct it.`);
}

const LINE = "sh -s -- with the names of host and stack and plain words, since process lists show it";
const LISTED = "process lists show environment variables";

function isOwnLine({ urn, props }: Resource, line: string): boolean {
    const words = [...(COMMAND_LINE.exec(line)?.[1] ?? "").matchAll(WORD)];
    const [place, owner] = words.map(([word]) => word.replace(/^'(.*)'$/, "$1"));
    const { host, port = 22 } = map(props.connection);
    const isPlace =
        [props.connection, host, port].some(isUnknown) ||
        place === (port === 22 ? host : `${String(host)}-${String(port)}`);
    return isPlace && owner === ownerIn(urn);
}
