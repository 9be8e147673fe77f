import { at, type Path, type Problems, type Sound } from "../../cross-check";
import { LABEL_LIMIT, repeats } from "../../values";

/** Checks that names are unique. @param consumers consumers of any option */
export function* duplicateNames(consumers: Sound<{ name: string; credentials: { id: string }[] }[]>): Problems {
    for (const name of repeated(consumers.map((one) => one?.name)))
        yield at(
            ["consumers"],
            `every name must be unique (got ${name} twice). Rename one, or put all their credentials under one name.`,
        );
    for (const one of consumers)
        for (const id of repeated((one?.credentials ?? []).map((credential) => credential?.id)))
            yield at(
                ["consumers"],
                `every credential id of ${one?.name} must be unique (got ${id} twice). Rename one.`,
            );
}

/** Names that a list has more than once. */
export function repeated(names: (string | undefined)[]): Set<string> {
    return new Set(repeats(names).map(([i]) => names[i]!));
}

/** Checks the length of a name that is built from other names. */
export function* tooLong(where: Path, name: string, limit = LABEL_LIMIT): Problems {
    if (name.length > limit)
        yield at(where, `${name} must be at most ${limit} characters (got ${name.length}). Shorten a part of it.`);
}
