import { at, isOther, list, shown, UNKNOWN, type Resource } from "../resource";

/** What a host is told: `sh -s --` and words, none of them one of sh's own. The script, with its secrets, is its input. */
const COMMAND_LINE = /^sh -s --(?: (?:[\w./:@=-]+|'(?:[^']|'\\'')*'))*$/;

const SETTINGS = { logging: "none", addPreviousOutputInEnv: false };

export function commandLines({ props, marked }: Resource): string[] {
    const lines = ["create", "update", "delete"].flatMap((field) => {
        const line = props[field];
        return line === undefined || line === UNKNOWN || COMMAND_LINE.test(String(line))
            ? []
            : [
                  `${field}: must be sh -s -- and words: other text stands in previews and in lists of processes. Write it into stdin, as a secret.`,
              ];
    });
    const settings = Object.entries(SETTINGS)
        .filter(([field, value]) => isOther(props[field], value))
        .map(
            ([field, value]) =>
                `${field}: must be ${shown(value)}: what a script prints is no matter for logs. Set it.`,
        );
    const input = marked.stdin;
    const open =
        typeof input === "string" ? ["stdin: must be secret: a script holds secrets. Write pulumi.secret(…)."] : [];
    const variables = Object.keys((at(props, "environment") as object | undefined) ?? {}).length > 0;
    const sent = variables
        ? ["environment: must be empty: variables stand in lists of processes. Write them into stdin, as a secret."]
        : [];
    return [
        ...lines,
        ...settings,
        ...open,
        ...sent,
        ...(list(props.assets).length > 0 ? ["assets: must be empty. Remove it."] : []),
    ];
}
