namespace Touchmark.Log.Storage;

/// <summary>Paths of a log's objects that are not tiles.</summary>
public static class LogPaths
{
    /// <summary>The newest checkpoint: the only public object that changes.</summary>
    public const string Checkpoint = "checkpoint";
}
