import type { Sound } from "../../cross-check";
import { LABEL_LIMIT } from "../../values";

/** The fields of consumers that these checks read. Consumers of every option have these fields. */
type NamedConsumers = Sound<{ name: string; credentials: { id: string }[] }[]>;

export function duplicateNames(consumers: NamedConsumers): string[] {
    const repeated = (names: (string | undefined)[]) => {
        const seen = new Set<string>();
        return [...new Set(names.filter((n) => n !== undefined && (seen.has(n) || !seen.add(n))))];
    };
    return [
        ...repeated(consumers.map((one) => one?.name)).map(
            (name) =>
                `consumers: every name must be unique (got ${name} twice). Rename one, or put all their credentials under one name.`,
        ),
        ...consumers.flatMap((one) =>
            repeated((one?.credentials ?? []).map((credential) => credential?.id)).map(
                (id) => `consumers: every credential id of ${one?.name} must be unique (got ${id} twice). Rename one.`,
            ),
        ),
    ];
}

/** Checks that names of credentials fit into the names of Kubernetes objects. */
export function longCredentials(consumers: NamedConsumers): string[] {
    return tooLong(
        consumers.flatMap((one) =>
            (one?.credentials ?? []).map((credential): Named => [
                "consumers",
                `${one?.name}.${credential?.id}`,
                LABEL_LIMIT,
            ]),
        ),
    );
}

export type Named = [where: string, name: string, limit: number];

/** Checks the length of names that are built from other names. */
export function tooLong(names: Named[]): string[] {
    return names
        .filter(([, name, limit]) => name.length > limit)
        .map(
            ([where, name, limit]) =>
                `${where}: ${name} must be at most ${limit} characters (got ${name.length}). Shorten a part of it.`,
        );
}
