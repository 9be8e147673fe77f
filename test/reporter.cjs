// The usual list, and a last line that counts: a log read from its end says at once what ran.
const { reporters } = require("mocha");

module.exports = class extends reporters.Spec {
    constructor(runner, options) {
        super(runner, options);
        runner.once("end", () => {
            const { passes, failures } = runner.stats;
            process.on("exit", () => process.stdout.write(`${passes} passed, ${failures} failed\n`));
        });
    }
};
