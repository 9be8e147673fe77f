/** Releases of MicroK8s in the snap store: tracks with four risk levels each. The revision numbers are not real. */

export interface Release {
    /** Channel as `snap list` prints it, for example "1.34/stable". */
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

/** The release of a channel, which is written as track, track/risk or risk; undefined if the channel does not exist. */
export function releaseOf(written: string): Release | undefined {
    const whole = RISKS.includes(written) ? `latest/${written}` : written.includes("/") ? written : `${written}/stable`;
    if (!CHANNELS.includes(whole)) return undefined;
    const [version, revision] = TRACKS[whole.split("/")[0]];
    return { channel: whole, version, revision: String(revision) };
}
