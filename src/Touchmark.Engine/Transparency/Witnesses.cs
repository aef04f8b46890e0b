using System.Net.Http.Headers;
using System.Text;
using Touchmark.Evidence.Verification;
using Touchmark.Log.Notes;
using Touchmark.Log.Tiles;
using Touchmark.Log.Verification;
using Touchmark.Log.Witnessing;

namespace Touchmark.Engine.Transparency;

/// <summary>
/// Has witnesses cosign every checkpoint before it is published. Which ones, and how many of them it takes, stands in the file of <c>--witnesses</c>: the witness, group and quorum lines of a C2SP
/// tlog-policy, which become part of the policy that readers pin. When too few of them answer, nothing is published: what is handed out would be believed by nobody.
/// </summary>
internal sealed class Witnesses : IDisposable
{
    /// <summary>Longest wait for a witness. One that does not answer is left alone for <see cref="LeftAlone"/>, unless the quorum needs it.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    private static readonly TimeSpan LeftAlone = TimeSpan.FromSeconds(30);

    // A witness may ask for another size than was thought, and then for another once more when somebody else was faster.
    private const int MostQuestions = 3;

    private readonly HttpClient http = new(new SocketsHttpHandler { AllowAutoRedirect = false, ConnectTimeout = Patience })
    {
        Timeout = Timeout.InfiniteTimeSpan,
        MaxResponseContentBufferSize = SignedNote.MaxSize,
    };

    private readonly ILogger<Witnesses> log;
    private readonly TimeProvider clock = TimeProvider.System;
    private readonly string lines;
    private LogPolicy? policy;
    private IReadOnlyList<Asked> asked = [];

    /// <exception cref="InvalidOperationException">The file of <c>--witnesses</c> cannot be read.</exception>
    public Witnesses(EngineOptions options, ILogger<Witnesses> log)
    {
        this.log = log;
        try
        {
            lines = options.Witnesses is { } file ? File.ReadAllText(file) : "quorum none\n";
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new InvalidOperationException($"The file of --witnesses, {options.Witnesses}, cannot be read.", error);
        }
    }

    /// <summary>Whether there are any.</summary>
    public bool Any => asked.Count > 0;

    /// <summary>The policy of a log with these keys and these witnesses.</summary>
    /// <exception cref="InvalidOperationException">The file of <c>--witnesses</c> does not lead to one.</exception>
    public TrustedLog PolicyOf(IReadOnlyList<NoteKey> logKeys)
    {
        var text = new StringBuilder();
        foreach (var key in logKeys)
        {
            text.Append("log ").Append(key.Text).Append('\n');
        }

        if (!TrustedLog.TryParse(text.Append(lines).ToString(), out var trusted, out var problem))
        {
            throw Wrong($"behind the {logKeys.Count} keys of this log it makes no policy: {problem}");
        }

        policy = trusted.Policy;
        if (policy.Logs is not [{ } only] || only.Keys.Count != logKeys.Count)
        {
            throw Wrong("it has keys of logs, and this engine vouches for its own alone");
        }

        asked = [.. policy.Witnesses.Select(witness => new Asked(witness.Name, AddressOf(witness), new WitnessClient(witness.Key)))];
        return trusted;
    }

    /// <summary>Asks the witnesses, and returns the checkpoint with their signatures.</summary>
    /// <exception cref="IOException">Too few answered for the quorum.</exception>
    public async ValueTask<SignedCheckpoint> CosignAsync(SignedCheckpoint checkpoint, TileTree tree, CancellationToken cancel)
    {
        var now = clock.GetTimestamp();
        var well = asked.Where(witness => witness.AskedAgainAt <= now).ToList();
        if (!policy!.IsMet(well.Select(witness => witness.Name).ToHashSet(StringComparer.Ordinal)))
        {
            well = [.. asked];
        }

        var answers = await Task.WhenAll(well.Select(witness => AskAsync(witness, checkpoint, tree, cancel)));
        var cosigned = well.Zip(answers).Where(pair => pair.Second.Count > 0).ToList();
        return policy.IsMet(cosigned.Select(pair => pair.First.Name).ToHashSet(StringComparer.Ordinal))
            ? cosigned.SelectMany(pair => pair.Second).Aggregate(checkpoint, (signed, line) => signed.With(line))
            : throw new IOException($"Of {asked.Count} witnesses {cosigned.Count} cosigned the checkpoint of {checkpoint.Checkpoint.Size} entries; that is too few for the quorum {policy.Quorum}.");
    }

    public void Dispose() => http.Dispose();

    /// <summary>A witness's signature lines; none when it gave none.</summary>
    private async Task<IReadOnlyList<NoteSignature>> AskAsync(Asked witness, SignedCheckpoint checkpoint, TileTree tree, CancellationToken cancel)
    {
        string problem;
        try
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
            limit.CancelAfter(Patience);
            var reply = await AskAsync(witness.Address, witness.Client, checkpoint, tree, limit.Token);
            if (reply is WitnessReply.Cosigned cosigned)
            {
                witness.AskedAgainAt = 0;
                Tell(witness, null);
                return [.. cosigned.Checkpoint.Note.Signatures.Where(line => line.Name == witness.Client.Key.Name && line.KeyId == witness.Client.Key.Id)];
            }

            problem = (reply as WitnessReply.Refused)?.Words ?? "It asks for another size each time.";
        }
        catch (Exception error) when (error is HttpRequestException or IOException || (error is OperationCanceledException && !cancel.IsCancellationRequested))
        {
            problem = error is OperationCanceledException ? $"It did not answer within {Patience.TotalSeconds} s." : error.Message;
        }

        witness.AskedAgainAt = clock.GetTimestamp() + (long)(LeftAlone.TotalSeconds * clock.TimestampFrequency);
        Tell(witness, problem);
        return [];
    }

    private async Task<WitnessReply> AskAsync(Uri address, WitnessClient client, SignedCheckpoint checkpoint, TileTree tree, CancellationToken cancel)
    {
        WitnessReply reply = new WitnessReply.AskAgain();
        for (var question = 0; question < MostQuestions && reply is WitnessReply.AskAgain; question++)
        {
            var request = await client.RequestAsync(checkpoint, tree, cancel);
            using var content = new ByteArrayContent(request.Encode());
            content.Headers.ContentType = MediaTypeHeaderValue.Parse(AddCheckpoint.ContentType);
            using var response = await http.PostAsync(address, content, cancel);
            reply = client.Take(request, (int)response.StatusCode, response.Content.Headers.ContentType?.ToString(), await response.Content.ReadAsByteArrayAsync(cancel));
        }

        return reply;
    }

    /// <summary>Says once that a witness does not cosign, and once that it does again.</summary>
    private void Tell(Asked witness, string? problem)
    {
        if (witness.Problem == problem)
        {
            return;
        }

        witness.Problem = problem;
        if (problem is null)
        {
            log.LogInformation("The witness {Witness} cosigns again", witness.Name);
        }
        else
        {
            log.LogWarning("The witness {Witness} does not cosign the log's checkpoint: {Problem}", witness.Name, problem);
        }
    }

    private static Uri AddressOf(PolicyWitness witness) =>
        Uri.TryCreate(witness.Url?.TrimEnd('/') + "/add-checkpoint", UriKind.Absolute, out var address) && address.Scheme is "http" or "https" ? address
        : throw Wrong($"the witness {witness.Name} has no address to send checkpoints to");

    private static InvalidOperationException Wrong(string why) =>
        new($"The file of --witnesses cannot be used: {why}. It has the witness, group and quorum lines of a C2SP tlog-policy, such as \"witness w1 KEY https://witness.example\" and \"quorum w1\".");

    /// <param name="name">In the policy.</param>
    /// <param name="address">Where it takes checkpoints.</param>
    /// <param name="client">What it is thought to have cosigned.</param>
    private sealed class Asked(string name, Uri address, WitnessClient client)
    {
        public string Name => name;

        public Uri Address => address;

        public WitnessClient Client => client;

        /// <summary>When it is asked again unless the quorum needs it, as a timestamp; 0 while it answers.</summary>
        public long AskedAgainAt { get; set; }

        /// <summary>Why it did not cosign last time; null when it did, or was not asked yet.</summary>
        public string? Problem { get; set; }
    }
}
