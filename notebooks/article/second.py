from multiprocessing import Process, Queue

def worker(q):
    total = 0
    while True:
        value = q.get()
        if value is None:
            break
        total += value
    q.put(total)

if __name__ == '__main__':
    q = Queue()
    p = Process(target=worker, args=(q,))
    p.start()
    q.put(1000)
    print(q.get())
