/** Cloudflare's limit of host names in an Access application. */
const MOST_HOSTNAMES = 5;

/** Config keys of the callers' host names. They exist with option `cloudflare` and with exposure `tunnel`. */
interface Named {
    hostname?: string;
    aliases?: (string | undefined)[];
    certificate?: "universal" | "advanced";
    zone?: { name?: string };
}

/** Checks that every host name is in the zone, and covered by its certificate. */
export function hostnameProblems({ hostname, aliases = [], certificate, zone: { name: zone } = {} }: Named): string[] {
    const names: [where: string, name?: string][] = [
        ["hostname", hostname],
        ...aliases.map((name, i): [string, string?] => [`aliases[${i}]`, name]),
    ];
    const problems: string[] = [];
    if (names.length > MOST_HOSTNAMES)
        problems.push(
            `aliases: must have at most ${MOST_HOSTNAMES - 1} names (got ${aliases.length}): with hostname, Cloudflare allows ${MOST_HOSTNAMES} names in one application. Remove some.`,
        );
    for (const [i, [where, name]] of names.entries()) {
        if (name === undefined || zone === undefined) continue;
        const first = names.findIndex(([, other]) => other === name);
        if (first < i) problems.push(`${where}: must be listed only once (${names[first][0]} is the same). Remove it.`);
        if (name !== zone && !name.endsWith(`.${zone}`))
            problems.push(`${where}: must be in zone ${zone} (got ${JSON.stringify(name)}). Correct one of them.`);
        else if (name !== zone && name.slice(0, -zone.length - 1).includes(".") && certificate !== "advanced")
            problems.push(
                `${where}: must be one level below ${zone}, since the universal certificate covers no deeper names (got ${JSON.stringify(name)}). Shorten the name, or order a certificate for it and set certificate to advanced.`,
            );
    }
    return problems;
}
