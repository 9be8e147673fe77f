// The usual list, and a last line that counts: a log read from its end says at once what ran. A process of
// side-by-side.ts hands on what mocha says at the end, so that it stands once, below all lists.
const { format } = require("node:util");
const { reporters } = require("mocha");

module.exports = class extends reporters.Spec {
    constructor(runner, options) {
        super(runner, options);
        // Hooks that fail are told here alone: mocha runs no afterEach for them.
        runner.on("fail", () => process.emit("test failed"));
        runner.once("end", () => {
            const { passes, failures } = runner.stats;
            if (!process.send) process.on("exit", () => process.stdout.write(`${passes} passed, ${failures} failed\n`));
        });
    }

    epilogue() {
        if (!process.send) return super.epilogue();
        const { Base } = reporters;
        const print = Base.consoleLog;
        let said = "";
        Base.consoleLog = (...parts) => (said += `${format(...parts)}\n`);
        super.epilogue();
        Base.consoleLog = print;
        const { passes: passed, failures: failed } = this.stats;
        process.send({ passed, failed, failures: failed > 0 ? said : "" });
    }
};
