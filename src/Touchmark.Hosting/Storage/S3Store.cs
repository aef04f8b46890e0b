using System.Net;
using System.Runtime.CompilerServices;
using Amazon;
using Amazon.Runtime;
using Amazon.Runtime.CredentialManagement;
using Amazon.S3;
using Amazon.S3.Model;
using Touchmark.Cryptography;
using Touchmark.Log.Storage;

namespace Touchmark.Hosting.Storage;

/// <summary>The object store cannot be reached, or does not do what it has to. The message is for people: what, where, and what would help.</summary>
public sealed class ObjectStoreException(string message, Exception cause) : IOException(message, cause);

/// <summary>
/// Objects in a bucket of S3, or of any store that speaks as it does. It has to be consistent (what was written is read from then on, as Amazon's is), and the bucket this log's alone under the prefix.
/// Every operation ends within <see cref="S3Place.Patience"/>, whatever the other side does.
/// </summary>
public sealed class S3Store : IObjectStore, IDisposable
{
    private const int Retries = 2;

    private readonly S3Place place;
    private readonly AmazonS3Client client;

    /// <exception cref="InvalidDataException">There are no credentials.</exception>
    /// <exception cref="UnauthorizedAccessException">Others than their owner could read them.</exception>
    public S3Store(S3Place place)
        : this(place, new AmazonS3Client(CredentialsOf(place), ConfigurationOf(place)))
    {
    }

    private S3Store(S3Place place, AmazonS3Client client) => (this.place, this.client) = (place, client);

    /// <summary>A folder of it, which shares its connections and ends with it.</summary>
    public IObjectStore In(string folder) => new S3Store(place with { Prefix = $"{place.Prefix}{folder}/" }, client);

    public async ValueTask<ReadOnlyMemory<byte>?> ReadAsync(string path, CancellationToken cancel)
    {
        if (!LogPaths.IsObject(path))
        {
            return null;
        }

        return await TryAsync<ReadOnlyMemory<byte>?>(async stop =>
        {
            try
            {
                using var response = await client.GetObjectAsync(new GetObjectRequest { BucketName = place.Bucket, Key = place.Prefix + path }, stop);
                var content = new byte[response.ContentLength];
                await response.ResponseStream.ReadExactlyAsync(content, stop);
                return content;
            }
            catch (AmazonS3Exception none) when (none is { StatusCode: HttpStatusCode.NotFound, ErrorCode: "NoSuchKey" })
            {
                return null;
            }
        }, cancel);
    }

    public async ValueTask WriteAsync(string path, ReadOnlyMemory<byte> content, CancellationToken cancel)
    {
        var key = KeyOf(path);
        await TryAsync(async stop =>
        {
            using var stream = new MemoryStream(content.ToArray(), writable: false);
            return await client.PutObjectAsync(new PutObjectRequest { BucketName = place.Bucket, Key = key, InputStream = stream, UseChunkEncoding = false, ContentType = "application/octet-stream" }, stop);
        }, cancel);
    }

    public async ValueTask DeleteAsync(string path, CancellationToken cancel)
    {
        var key = KeyOf(path);
        await TryAsync(stop => client.DeleteObjectAsync(new DeleteObjectRequest { BucketName = place.Bucket, Key = key }, stop), cancel);
    }

    public async IAsyncEnumerable<string> ListAsync(string prefix, [EnumeratorCancellation] CancellationToken cancel)
    {
        string? next = null;
        do
        {
            var request = new ListObjectsV2Request { BucketName = place.Bucket, Prefix = place.Prefix + prefix, ContinuationToken = next };
            var page = await TryAsync(stop => client.ListObjectsV2Async(request, stop), cancel);
            foreach (var path in (page.S3Objects ?? []).Select(item => item.Key[place.Prefix.Length..]).Where(LogPaths.IsObject))
            {
                yield return path;
            }

            next = page.IsTruncated == true ? page.NextContinuationToken : null;
        }
        while (next is not null);
    }

    public void Dispose() => client.Dispose();

    private string KeyOf(string path) => LogPaths.IsObject(path) ? place.Prefix + path : throw new ArgumentException($"Not the path of an object: {path}", nameof(path));

    private async Task<T> TryAsync<T>(Func<CancellationToken, Task<T>> operation, CancellationToken cancel)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        patience.CancelAfter(place.Patience);
        try
        {
            return await operation(patience.Token);
        }
        catch (OperationCanceledException late) when (!cancel.IsCancellationRequested)
        {
            throw new ObjectStoreException($"The object store {place} did not answer within {place.Patience.TotalSeconds:0.#} s.", late);
        }
        catch (AmazonS3Exception refused) when (refused.StatusCode is >= HttpStatusCode.BadRequest and < HttpStatusCode.InternalServerError)
        {
            throw new ObjectStoreException($"The object store {place} refuses: {refused.ErrorCode}. The bucket has to be there, and its credentials have to be allowed to get, put, list and delete in it.", refused);
        }
        catch (Exception away) when (away is AmazonServiceException or AmazonClientException or HttpRequestException or IOException)
        {
            throw new ObjectStoreException($"The object store {place} cannot be reached, or fails: {(away.InnerException ?? away).Message}", away);
        }
    }

    private static AmazonS3Config ConfigurationOf(S3Place place)
    {
        // Checksums beyond what S3 demands are not understood by every store; signatures and TLS cover the content.
        var configuration = new AmazonS3Config
        {
            MaxErrorRetry = Retries, RequestChecksumCalculation = RequestChecksumCalculation.WHEN_REQUIRED, ResponseChecksumValidation = ResponseChecksumValidation.WHEN_REQUIRED,
        };
        if (place.Endpoint is { } endpoint)
        {
            (configuration.ServiceURL, configuration.AuthenticationRegion, configuration.ForcePathStyle) = (endpoint.AbsoluteUri, place.Region, true);
        }
        else
        {
            configuration.RegionEndpoint = RegionEndpoint.GetBySystemName(place.Region);
        }

        return configuration;
    }

    private static AWSCredentials CredentialsOf(S3Place place)
    {
        if (place.Credentials is { } file)
        {
            // Only for the refusal where others could read it: AWS's own reader does not look.
            KeyFile.Read(file).Dispose();
            return new SharedCredentialsFile(file).TryGetProfile("default", out var profile) && profile.Options is { AccessKey: not null, SecretKey: not null }
                ? profile.GetAWSCredentials(null)
                : throw new InvalidDataException($"The file {file} has no [default] with aws_access_key_id and aws_secret_access_key.");
        }

        try
        {
            return new EnvironmentVariablesAWSCredentials();
        }
        catch (InvalidOperationException none)
        {
            throw new InvalidDataException($"The object store {place} needs credentials: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment, or a file.", none);
        }
    }
}
