/** What the store has of MicroK8s: tracks of which each has four risks. Revisions are made up. */

export interface Release {
    /** As `snap list` says it: "1.34/stable". */
    channel: string;
    version: string;
    revision: string;
}

const TRACKS: Record<string, [version: string, revision: number]> = {
    "1.32": ["v1.32.9", 8402],
    "1.33": ["v1.33.5", 8408],
    "1.34": ["v1.34.1", 8511],
    "1.35": ["v1.35.0", 8612],
    latest: ["v1.35.0", 8612],
};
const RISKS = ["stable", "candidate", "beta", "edge"];
export const CHANNELS = Object.keys(TRACKS).flatMap((track) => RISKS.map((risk) => `${track}/${risk}`));

/** The release of a channel as it is written for snap: track, track/risk or risk; undefined when there is none. */
export function releaseOf(written: string): Release | undefined {
    const whole = RISKS.includes(written) ? `latest/${written}` : written.includes("/") ? written : `${written}/stable`;
    if (!CHANNELS.includes(whole)) return undefined;
    const [version, revision] = TRACKS[whole.split("/")[0]];
    return { channel: whole, version, revision: String(revision) };
}
