/** Program of the process in which a world runs. `up` starts it; `up`, `down` or the guard ends it. */
import { startStatusPage } from "./status-page/server";
import { followStack } from "./world/stack-facts";
import { waitFor } from "./processes";
import { BUILD_SECONDS, type PulumiFacts, readFacts, writeFacts } from "./world/state";
import type { Toolchain, ToolName } from "./toolchain/toolchain";
import { sceneOf, type SceneName } from "./world/scenes";

const [, , dir, name, found] = process.argv;
const log = (line: string) => console.log(line);

async function main(): Promise<void> {
    const ended = new Promise<void>((resolve) =>
        ["SIGINT", "SIGTERM"].forEach((signal) => process.once(signal, () => resolve())),
    );
    const asked = JSON.parse(name) as SceneName;
    const { loadSeconds, observe } = asked;
    const tools = JSON.parse(found) as Toolchain<ToolName>;
    const stack = followStack(dir, (message) => log(`the requests to try cannot be updated: ${message}`));
    const page = await startStatusPage(dir, stack);
    writeFacts(dir, "page", { url: page.url });
    let ending = false;
    void ended.then(() => (ending = true));
    const builtPulumi = () => {
        if (ending) throw new Error("the sandbox was stopped while Pulumi was built");
        return readFacts<PulumiFacts>(dir, "pulumi");
    };
    const pulumi = () => waitFor("Pulumi to be built", builtPulumi, { seconds: BUILD_SECONDS });
    const options = { tools, pulumi, loadSeconds, observe, onAnswer: page.add };
    const world = await sceneOf(asked).start(dir, log, options);
    log("ready");
    await ended;
    await page.close();
    await world.close();
}

main().then(
    () => process.exit(0),
    (error: Error) => {
        console.error(`Error: ${error.message}`);
        process.exit(1);
    },
);
