import type { Change } from "./changes";

/** `ApisixRoute alpa-route-rules`. */
export function titleOf({ kind, name }: Pick<Change, "kind" | "name">): string {
    return `${kind.split(" ")[1]} ${name}`;
}
