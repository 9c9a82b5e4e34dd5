use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep, timeout};

use super::*;

const SOON: Duration = Duration::from_secs(10);

/// A server that answers every connection's first bytes with `said`, then gives back what it gets.
async fn echo(said: Vec<u8>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let said = said.clone();
            tokio::spawn(async move {
                let mut buffer = [0; 4_096];
                let mut first = Some(said);
                while let Ok(count @ 1..) = stream.read(&mut buffer).await {
                    let answer = first.take().filter(|said| !said.is_empty()).unwrap_or(buffer[..count].to_vec());
                    if stream.write_all(&answer).await.is_err() {
                        return;
                    }
                }
            });
        }
    });
    address
}

async fn read(stream: &mut TcpStream, count: usize) -> Vec<u8> {
    let mut bytes = vec![0; count];
    timeout(SOON, stream.read_exact(&mut bytes)).await.expect("in time").expect("the wire holds");
    bytes
}

async fn says(stream: &mut TcpStream, text: &[u8]) {
    stream.write_all(text).await.unwrap();
    assert_eq!(read(stream, text.len()).await, text);
}

async fn until(what: &str, is: impl Fn() -> bool) {
    let deadline = Instant::now() + SOON;
    while !is() {
        assert!(Instant::now() < deadline, "not in time: {what}");
        sleep(Duration::from_millis(5)).await;
    }
}

async fn wire() -> (Proxy, TcpStream) {
    let proxy = Proxy::start(vec![echo(Vec::new()).await]).await.unwrap();
    let mut client = TcpStream::connect(proxy.address()).await.unwrap();
    says(&mut client, b"hello").await;
    (proxy, client)
}

#[tokio::test]
async fn a_proxy_needs_a_server_and_passes_over_one_that_is_away() {
    assert!(matches!(Proxy::start(Vec::new()).await, Err(ProxyError::NoServers)));
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let proxy = Proxy::start(vec![gone, echo(Vec::new()).await]).await.unwrap();
    for _ in 0..3 {
        let mut client = TcpStream::connect(proxy.address()).await.unwrap();
        says(&mut client, b"there").await;
    }
    assert!(matches!(proxy.heard(), Err(ProxyError::Deaf)));
}

#[tokio::test]
async fn more_than_fits_at_once_arrives_whole_and_a_slow_reader_is_felt() {
    const ALL: usize = 64 * 1024 * 1024;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxy = Proxy::start(vec![listener.local_addr().unwrap()]).await.unwrap();
    let mut client = TcpStream::connect(proxy.address()).await.unwrap();
    let (mut server, _) = listener.accept().await.unwrap();
    let written = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&written);
    tokio::spawn(async move {
        let chunk: Vec<u8> = (0..=250).collect();
        while counted.load(Ordering::SeqCst) < ALL {
            server.write_all(&chunk).await.unwrap();
            counted.fetch_add(chunk.len(), Ordering::SeqCst);
        }
    });
    let mut before = usize::MAX;
    while before != written.load(Ordering::SeqCst) {
        before = written.load(Ordering::SeqCst);
        sleep(Duration::from_millis(200)).await;
    }
    assert!(before < ALL, "the proxy swallowed everything while nobody read");
    let (mut got, mut buffer) = (0, vec![0; 1024 * 1024]);
    while let Ok(count @ 1..) = timeout(SOON, client.read(&mut buffer)).await.expect("in time") {
        assert!(buffer[..count].iter().enumerate().all(|(at, byte)| usize::from(*byte) == (got + at) % 251));
        got += count;
    }
    assert_eq!(got, written.load(Ordering::SeqCst));
}

#[tokio::test]
async fn latency_and_slices_change_nothing_but_time() {
    let (proxy, mut client) = wire().await;
    proxy.set(Fault::Latency(Duration::from_millis(60)));
    let began = Instant::now();
    says(&mut client, b"there and back").await;
    assert!(began.elapsed() >= Duration::from_millis(120));
    assert!(proxy.set(Fault::Slice(3)) >= 2);
    says(&mut client, &[7; 1_000]).await;
    assert!(proxy.set(Fault::None) >= 2);
    assert_eq!(proxy.bites(), 0);
    says(&mut client, b"healed").await;
}

#[tokio::test]
async fn a_black_hole_swallows_bytes_and_ends_and_gives_them_back() {
    let (proxy, mut client) = wire().await;
    proxy.set(Fault::BlackHole);
    client.write_all(b"into ").await.unwrap();
    until("the fault bites", || proxy.bites() > 0).await;
    client.write_all(b"the hole").await.unwrap();
    let mut byte = [0];
    assert!(timeout(Duration::from_millis(100), client.read(&mut byte)).await.is_err());
    proxy.set(Fault::Mute);
    assert!(timeout(Duration::from_millis(100), client.read(&mut byte)).await.is_err());
    until("the answer is held", || proxy.bites() > 0).await;
    proxy.set(Fault::None);
    assert_eq!(read(&mut client, 13).await, b"into the hole");
    proxy.set(Fault::BlackHole);
    drop(client);
    until("the end is held", || proxy.bites() > 0).await;
    assert_eq!(proxy.open(), 1, "nothing ends in a black hole");
    proxy.set(Fault::None);
    until("the end arrives", || proxy.open() == 0).await;
}

#[tokio::test]
async fn a_reset_waits_for_bytes_and_a_wire_that_is_down_for_nothing() {
    let (proxy, mut client) = wire().await;
    proxy.set(Fault::Reset);
    let mut byte = [0];
    assert!(timeout(Duration::from_millis(50), client.read(&mut byte)).await.is_err());
    client.write_all(b"x").await.unwrap();
    let cut = timeout(SOON, client.read(&mut byte)).await.expect("in time");
    assert_eq!(cut.unwrap_err().kind(), io::ErrorKind::ConnectionReset);
    assert!(proxy.set(Fault::None) > 0);

    let mut client = TcpStream::connect(proxy.address()).await.unwrap();
    says(&mut client, b"again").await;
    proxy.set(Fault::Down);
    let cut = timeout(SOON, client.read(&mut byte)).await.expect("in time");
    assert_eq!(cut.unwrap_err().kind(), io::ErrorKind::ConnectionReset);
    let deadline = Instant::now() + SOON;
    while TcpStream::connect(proxy.address()).await.is_ok() {
        assert!(Instant::now() < deadline, "a wire that is down accepts");
    }
    assert!(proxy.set(Fault::None) > 0);
    while TcpStream::connect(proxy.address()).await.is_err() {
        assert!(Instant::now() < deadline, "the wire does not come back");
        sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn an_ear_keeps_what_the_server_says_and_dropping_ends_everything() {
    let proxy = Proxy::listening(echo(b"secret".to_vec()).await).await.unwrap();
    let mut client = TcpStream::connect(proxy.address()).await.unwrap();
    client.write_all(b"question").await.unwrap();
    assert_eq!(read(&mut client, 6).await, b"secret");
    assert_eq!(proxy.heard().unwrap(), b"secret");
    let address = proxy.address();
    drop(proxy);
    let mut byte = [0];
    let ended = timeout(SOON, client.read(&mut byte)).await.expect("in time");
    assert!(matches!(ended, Ok(0) | Err(_)));
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn a_client_keeps_its_address_of_loopback() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxy = Proxy::start(vec![listener.local_addr().unwrap()]).await.unwrap();
    for address in ["127.0.0.1", "127.0.0.7"] {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind(SocketAddr::new(address.parse().unwrap(), 0)).unwrap();
        let _client = socket.connect(proxy.address()).await.unwrap();
        let (_server, from) = timeout(SOON, listener.accept()).await.expect("in time").unwrap();
        assert_eq!(from.ip().to_string(), address);
    }
}

#[tokio::test]
async fn a_connection_is_a_small_task() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxy = Proxy::start(vec![listener.local_addr().unwrap()]).await.unwrap();
    let client = TcpStream::connect(proxy.address()).await.unwrap();
    let from = client.local_addr().unwrap();
    let (_fault, seen) = watch::channel(Fault::None);
    let task = listen::connect(client, from, Arc::clone(&proxy.wire), seen);
    assert!(size_of_val(&task) <= 2_560, "{} bytes", size_of_val(&task));
}
